"""Editors: what a language server asks for beside the findings, which flake8 tells it."""
