"""What is left out of a statement or header before it is parsed, since facts do not have it: annotations, and names.

It takes a third of the time of parsing a project with annotations; and headers without them are often the same.
"""

from __future__ import annotations

import re
from keyword import iskeyword

from flake8_forksafe.source.scanner import DEFINITION, NESTED, WHOLE

Key = tuple[str, str]
"""A keyword and a text."""
_INSIDE = r"[^()\[\]{}\"'#\\\n,=:]*+"
_ANNOTATION = rf"[ \t\f]*+:(?=[ \t\f]*+[^\s,=:]){_INSIDE}(?:{WHOLE}{_INSIDE})*"
PARAMETERS = re.compile(rf"[ \t\f]*+\(({NESTED})\)(?:[ \t\f]*+->.*)?\Z", re.DOTALL)
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
        if match is not None and not iskeyword(match[1]):
            return keyword, f"{match[1]} ={text[match.end() :]}" if match[2] else "pass"
    return keyword, text


def _without_annotations(signature: str) -> str:
    """The parameters of a function; a lambda's own have colons too, and are left alone."""
    match = PARAMETERS.match(signature)
    if match is None or "lambda" in signature:
        return signature
    parameters = ANNOTATION.sub(lambda found: found[1] or "", match[1])
    return f"({parameters})"
