"""What was executed before the fork, in order, and by what."""
