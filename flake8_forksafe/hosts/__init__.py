"""Programs that fork: what each executes, in order, until its first fork."""
