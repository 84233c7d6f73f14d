"""JSON with comments and commas at the end, as editors and development containers write it."""

from __future__ import annotations

import json
import re
from typing import Any

PIECE = re.compile(r'"(?:[^"\\\n]|\\.)*"?|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
"""A string or a comment.  One that has no end reaches to the end of the line or the file, so that each is read once."""
LAST_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|,(?=\s*[}\]])')


def parse_commented(text: str) -> Any:
    """A document of JSON, with comments, and commas behind a last element.

    :raises ValueError: if it is none, or is nested too deeply.
    """
    plain = PIECE.sub(lambda match: match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0]), text)
    plain = LAST_COMMA.sub(lambda match: match[1] or " ", plain)
    try:
        return json.loads(plain.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} in line {error.lineno}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
