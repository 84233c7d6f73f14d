"""Source text to facts: the only part of the program that parses Python."""
