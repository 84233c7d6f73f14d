"""The page of a code as plain text for a terminal, and as Markdown for the docs and for SARIF."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from flake8_forksafe.rules.page import Page
from flake8_forksafe.rules.rule import Rule
from flake8_forksafe.settings import OPTIONS

MINIMUM_WIDTH = 40
LANGUAGES = {".py": "python", ".toml": "toml", ".yaml": "yaml"}


def as_text(rule: Rule, page: Page, width: int) -> Iterator[str]:
    """The lines of ``forksafe explain``, none longer than ``width`` characters but those of examples and addresses."""
    width = max(width, MINIMUM_WIDTH)
    yield from textwrap.wrap(f"{rule.code}: {rule.summary}", width)
    for heading, text in _sections(page):
        yield from ("", heading, *_indented(text, width))
    yield from ("", "Example", *_files(page.bad))
    yield from ("", "Use instead", *_indented(page.instead, width), "", *_files(page.good))
    yield from ("", "How it decides", *_indented(page.decides, width))
    if page.options:
        helps = {option.name: option.help for option in OPTIONS}
        yield from ("", "Options")
        for name in page.options:
            yield from textwrap.wrap(
                f"{name}: {helps[name]}", width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
    yield from ("", "References", *(f"  {reference.url}" for reference in page.references))


def _sections(page: Page) -> Iterator[tuple[str, str]]:
    yield "What it does", page.what
    yield "Why is this bad?", page.why


def _indented(text: str, width: int) -> Iterator[str]:
    """Paragraphs, filled."""
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ""
        plain = paragraph.replace("`", "")
        yield from textwrap.wrap(
            plain, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )


def _files(files: dict[str, str]) -> Iterator[str]:
    for number, (path, content) in enumerate(files.items()):
        if number:
            yield ""
        yield f"  {path}"
        yield from (f"    {line}".rstrip() for line in content.strip("\n").splitlines())


def as_markdown(rule: Rule, page: Page, option_page: str = "") -> Iterator[str]:
    """The lines of the page in Markdown, without its title.

    :param option_page: what links to options begin with; none are made without it.
    """
    for heading, text in _sections(page):
        yield from (f"## {heading}", "", text, "")
    yield from ("## Example", "", *_blocks(page.bad))
    yield from ("## Use instead", "", page.instead, "", *_blocks(page.good))
    yield from ("## How it decides", "", page.decides, "")
    if page.options:
        yield from ("## Options", "", *_option_items(page.options, option_page), "")
    yield from ("## References", "", *(f"- [{reference.title}]({reference.url})" for reference in page.references))


def _option_items(names: Iterable[str], option_page: str) -> Iterator[str]:
    helps = {option.name: option.help for option in OPTIONS}
    for name in names:
        shown = f"[`{name}`]({option_page}#{name})" if option_page else f"`{name}`"
        yield f"- {shown}: {helps[name]}"


def _blocks(files: dict[str, str]) -> Iterator[str]:
    for path, content in files.items():
        suffix = re.search(r"\.\w+$", path)
        language = LANGUAGES.get(suffix[0] if suffix else "", "text")
        yield from (f'```{language} title="{path}"', content.strip("\n"), "```", "")
