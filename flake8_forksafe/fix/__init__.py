"""Repairs: from findings to edits of the source, each with a proof.

A repair edits the text, so that everything outside the edited statements stays as it is, byte for byte; libcst tells
what may be edited.
"""
