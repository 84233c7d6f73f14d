"""Boot a real worker up to its first fork, and compare with the static trace."""
