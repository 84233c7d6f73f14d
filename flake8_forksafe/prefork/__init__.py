"""What runs before the fork: the boot plan, the walk that follows it, and the trace that results."""
