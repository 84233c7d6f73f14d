"""The page of a code: what people read about it, in the terminal, in the docs and in SARIF.

The texts are data, ``pages/FS101.toml`` and so on, and are read only when somebody asks for them, so that a lint run
does not pay for them.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, NamedTuple

from flake8_forksafe.hazards.catalogue import load_catalogue


class Reference(NamedTuple):
    """Where to read on."""

    title: str
    url: str


class Page(NamedTuple):
    """What is to be read about one code; the texts are paragraphs with ``code`` in backticks, one clause a line.

    :ivar what: what it reports.
    :ivar why: why that is bad.
    :ivar decides: how it decides.
    :ivar instead: how to fix it.
    :ivar options: the settings that change it.
    :ivar bad: files of a small project, by path, in which each line with a finding ends with its code as a comment.
    :ivar good: the same project without a finding.
    """

    code: str
    what: str
    why: str
    decides: str
    instead: str
    options: tuple[str, ...]
    bad: dict[str, str]
    good: dict[str, str]
    references: tuple[Reference, ...]


def read_page(code: str) -> Page:
    """The page of a code.

    :raises FileNotFoundError: if there is none.
    """
    text = files(__package__).joinpath("pages", f"{code}.toml").read_text(encoding="utf-8")
    document: dict[str, Any] = tomllib.loads(text)
    urls = load_catalogue().sources
    named = [Reference(title, url) for title, url in document["references"].items()]
    catalogued = [Reference(title_of(urls[key]), urls[key]) for key in document["sources"]]
    return Page(
        code=code,
        what=document["what"].strip(),
        why=document["why"].strip(),
        decides=document["decides"].strip(),
        instead=document["instead"].strip(),
        options=tuple(document["options"]),
        bad=document["bad"],
        good=document["good"],
        references=(*named, *(reference for reference in catalogued if reference.url not in [n.url for n in named])),
    )


def title_of(url: str) -> str:
    """A short name for an address: ``celery/celery #10339`` for an issue, else the address without its scheme."""
    address = url.partition("://")[2].rstrip("/")
    host, *parts = address.split("/")
    if host == "github.com" and len(parts) == 4 and parts[2] in ("issues", "pull"):
        return f"{parts[0]}/{parts[1]} #{parts[3]}"
    return address.partition("#")[0]
