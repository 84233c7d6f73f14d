"""What is left out of a statement or header before it is parsed, since facts do not have it: annotations, and names.

It takes a third of the time of parsing a project with annotations; and headers without them are often the same.
An annotation is left out only if it is an expression: a mistake in it is a syntax error of its statement.
"""

from __future__ import annotations

import re
from functools import lru_cache
from keyword import iskeyword

from flake8_forksafe.source.scanner import DEFINITION, NESTED, WHOLE

Key = tuple[str, str]
"""A keyword and a text."""
_INSIDE = r"[^()\[\]{}\"'#\\\n,=:]*+"
_ANNOTATION = rf"[ \t\f]*+:(?=[ \t\f]*+[^\s,=:]){_INSIDE}(?:{WHOLE}{_INSIDE})*"
PARAMETERS = re.compile(rf"[ \t\f]*+\(({NESTED})\)(?:[ \t\f]*+->(.*))?\Z", re.DOTALL)
"""What stands behind the name of a function."""
ANNOTATION = re.compile(rf"({WHOLE})|{_ANNOTATION}(?![^,=])", re.DOTALL)
"""What is kept of parameters as a whole, or an annotation."""
ANNOTATED = re.compile(rf"([^\W\d]\w*){_ANNOTATION}(=(?!=)|\Z)", re.DOTALL)
"""The target of an annotated assignment, and whether there is a value."""


def shortened(keyword: str, text: str) -> Key:
    """A text that says the same."""
    if keyword == "def":
        match = DEFINITION.match(text)
        if match is not None:
            return keyword, f"{match[1]} _{_without_annotations(text[match.end() :])}"
    elif keyword == "class":
        match = DEFINITION.match(text)
        if match is not None:
            return keyword, f"{match[1]} _{text[match.end() :]}"
    elif not keyword:
        match = ANNOTATED.match(text)
        if match is not None and not iskeyword(match[1]) and _is_annotation(text[match.end(1) : match.start(2)]):
            return keyword, f"{match[1]} ={text[match.end() :]}" if match[2] else "pass"
    return keyword, text


def _without_annotations(signature: str) -> str:
    """The parameters of a function; a lambda's own have colons too, and are left alone."""
    match = PARAMETERS.match(signature)
    if match is None or "lambda" in signature:
        return signature
    if match[2] is not None and not _is_expression(match[2].strip()):
        return signature

    def kept(found: re.Match[str]) -> str:
        return found[1] or ("" if _is_annotation(found[0]) else found[0])

    return f"({ANNOTATION.sub(kept, match[1])})"


def _is_annotation(text: str) -> bool:
    """Whether a colon stands before an expression."""
    return _is_expression(text.strip()[1:].strip())


@lru_cache(maxsize=20_000)
def _is_expression(text: str) -> bool:
    """Whether a text is an expression; texts of annotations are few, and each is parsed once."""
    from libcst import native  # type: ignore[attr-defined]  # it is compiled

    if text.startswith("*"):  # only that of *args may
        return False
    try:
        native.parse_expression(text)
    except Exception:  # its ParserSyntaxError is no class of the module, and is raised for odd encodings too
        return False
    return True
