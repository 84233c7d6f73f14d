"""Executes facts: values, frames, statements, expressions, calls, imports, doubt.  It knows Python, and no library."""
