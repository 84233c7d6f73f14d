"""An abstract interpreter of facts.  It knows Python's semantics and no library."""
