"""What is dangerous to import or use before a fork, and why: the catalogue."""
