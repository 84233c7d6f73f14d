"""Generate what the documentation takes from the program: ``python docs/generate.py``.

Pages of codes are written as a whole; in other pages the part between ``<!-- generated: NAME -->`` and
``<!-- end -->`` is replaced (in mkdocs.yml: ``# generated: NAME``), and so is the output of the commands in examples.
``--check`` writes nothing and tells what is not current.
"""

from __future__ import annotations

import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

import examples  # noqa: E402
from file_index import file_index  # noqa: E402

from flake8_forksafe.report.page import as_markdown  # noqa: E402
from flake8_forksafe.rules import RULES  # noqa: E402
from flake8_forksafe.rules.page import read_page, title_of  # noqa: E402
from flake8_forksafe.settings import OPTIONS, Option  # noqa: E402

ROOT = DOCS.parent
REGION = re.compile(
    r"^(?P<indent> *)(?P<begin><!-- generated: (?P<name>[\w-]+) -->|# generated: (?P<other>[\w-]+))\n"
    r"[\s\S]*?^(?P<finish> *(?:<!-- end -->|# end)\n)",
    re.MULTILINE,
)
Row = dict[str, Any]


@cache
def catalogue() -> dict[str, Any]:
    """hazards.toml with everything in it."""
    return tomllib.loads((ROOT / "flake8_forksafe" / "hazards" / "hazards.toml").read_text(encoding="utf-8"))


def table(headings: tuple[str, ...], rows: list[tuple[object, ...]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join('' if cell is None else str(cell).replace('|', chr(92) + '|') for cell in row)} |"


# --- codes ---------------------------------------------------------------------------------------------------------


def code_page(code: str) -> str:
    """The page of one code."""
    rule = next(rule for rule in RULES if rule.code == code)
    title = f"# {rule.code}: {rule.summary}"
    return "\n".join((title, "", *as_markdown(rule, read_page(code), "../configuration.md"), ""))


def code_list() -> Iterator[str]:
    """All codes."""
    yield from table(("Code", "Finding"), [(f"[{rule.code}]({rule.code}.md)", rule.summary) for rule in RULES])


def navigation() -> Iterator[str]:
    """The pages of the codes, for mkdocs.yml."""
    yield from (f"- codes/{rule.code}.md" for rule in RULES)


def optional_pages() -> Iterator[str]:
    """Pages that are there once somebody measured."""
    for title, name in (("Performance", "performance.md"), ("Memory", "memory.md"), ("Measuring", "measure.md")):
        if (DOCS / name).exists():
            yield f"- {title}: {name}"


# --- options -------------------------------------------------------------------------------------------------------


def option_reference() -> Iterator[str]:
    """Every option: what it does, how it is written, and the codes it changes."""
    notes: dict[str, Row] = tomllib.loads((DOCS / "options.toml").read_text(encoding="utf-8"))
    pages = {rule.code: read_page(rule.code) for rule in RULES}
    for option in OPTIONS:
        note = notes.get(option.name, {})
        codes = [f"[{code}](codes/{code}.md)" for code, page in pages.items() if option.name in page.options]
        yield from (f"### `{option.name}`", "", f"{option.help[:1].upper()}{option.help[1:]}.", "")
        if "text" in note:
            yield from (note["text"].strip(), "")
        yield f"- Default: {option.default}"
        if codes:
            yield f"- Changes: {', '.join(codes)}"
        yield from ("", *option_examples(option, note), "")


def option_examples(option: Option, note: Row) -> Iterator[str]:
    """The option in pyproject.toml, in flake8's configuration, and on the command line."""
    if option.is_table:
        yield from ("It is a table, for pyproject.toml only.", "")
        yield from ('```toml title="pyproject.toml"', *note["table"].strip().splitlines(), "```")
        return
    if "value" not in note and not option.is_flag:
        return
    value = note.get("value", True)
    flat = ", ".join(value) if isinstance(value, list) else str(value)
    quoted = f'"{flat}"' if " " in flat else flat
    listed = "[" + ", ".join(f'"{part}"' for part in value) + "]" if isinstance(value, list) else f'"{value}"'
    written = "true" if value is True else str(value) if isinstance(value, int) else listed
    yield from ('```toml title="pyproject.toml"', "[tool.forksafe]", f"{option.name} = {written}", "```", "")
    yield from (
        '```ini title=".flake8"',
        "[flake8]",
        f"forksafe-{option.name} = {flat.lower() if value is True else flat}",
    )
    yield from ("```", "", "```sh")
    yield f"forksafe check --{option.name}" if value is True else f"forksafe check --{option.name} {quoted}"
    yield "```"


# --- hazards -------------------------------------------------------------------------------------------------------

OUTCOMES = {"ok": "works", "hang": "**hangs**", "exception": "**fails**", None: "not measured"}


def outcome(entry: Row, key: str) -> str:
    """What happened to the children in a measurement."""
    value = entry.get(key)
    return OUTCOMES.get(value) or "**crashes**"


def measured_conditions() -> Iterator[str]:
    """Where and when the catalogue's figures were measured."""
    about = catalogue()["measured"]
    yield f"Measured on {about['date']} with Celery {about['celery']}: {about['machine']}."


def measured() -> Iterator[str]:
    """What hangs and what does not, in short."""
    entries = [entry for entry in catalogue()["package"] if entry.get("fork_after_use")]
    broken = [entry for entry in entries if entry["fork_after_use"] != "ok"]
    rows = [
        (
            f"`{entry['import']}` {entry.get('version', '').partition('+')[0]}".strip(),
            outcome(entry, "fork_after_import"),
            outcome(entry, "fork_after_use"),
            outcome(entry, "fork_after_use_env1"),
        )
        for entry in sorted(broken, key=lambda entry: (entry["fork_after_use_env1"] != "ok", entry["import"]))
    ]
    yield from table(
        ("Package", "imported in the parent", "used in the parent", "used in the parent, with the prelude"), rows
    )
    fine = [entry for entry in entries if entry["fork_after_use"] == "ok"]
    threads = [entry for entry in fine if entry["threads_import"] > 1]
    yield from (
        "",
        f"The other {len(fine)} packages that were measured worked in the children",
        "after they had been used in the parent (three forks each: evidence, not proof).",
        f"{len(threads)} of these start threads when they are imported, among them "
        + ", ".join(f"`{entry['import']}`" for entry in threads if entry["import"] in ("numpy", "pandas", "pyarrow"))
        + ";",
        "and many cost memory:",
        "",
    )
    heavy = sorted(entries, key=lambda entry: -entry["rss_import_mb"])[:8]
    yield from table(
        ("Package", "memory after the import alone (MB)", "seconds"),
        [(f"`{entry['import']}`", entry["rss_import_mb"], entry["import_seconds"]) for entry in heavy],
    )


def sources(keys: list[str]) -> str:
    """Links to sources."""
    urls = {key: source["url"] for key, source in catalogue()["source"].items()}
    return ", ".join(f"[{title_of(urls[key])}]({urls[key]})" for key in keys)


def packages() -> Iterator[str]:
    """Every package of the catalogue."""
    for reported, heading in ((True, "### Reported by default"), (False, "### Known, and reported only by its calls")):
        rows = [
            (
                f"`{entry['import']}`",
                entry.get("version"),
                entry["why"],
                outcome(entry, "fork_after_use"),
                outcome(entry, "fork_after_use_env1"),
                entry.get("threads_import"),
                entry.get("rss_import_mb"),
                ", ".join(f"`{name}`" for name in entry["tamed_by"]),
                sources(entry["sources"]),
            )
            for entry in catalogue()["package"]
            if entry["default"] is reported
        ]
        headings = ("Package", "Version", "Why", "Used in the parent", "With the prelude", "Threads", "MB", "Tamed by")
        yield from (heading, "", *table((*headings, "Sources"), rows), "")


def codes_of(names: list[str]) -> str:
    """Names as a list of code."""
    return ", ".join(f"`{name}`" for name in names)


def call_of(entry: dict[str, Any]) -> str:
    """What an entry is for."""
    text = f"`{entry['call']}`"
    if "methods" in entry:
        text += f": {codes_of(entry['methods'])}"
    if "of" in entry:
        text += f" of {codes_of(entry['of'])}"
    if "only" in entry:
        text += f" with {codes_of(entry['only'])}"
    return text


def why_of(entry: dict[str, Any]) -> str:
    """Why, and with what arguments or in what version not."""
    text = str(entry["why"])
    if "unless" in entry:
        text += f"; not with {codes_of(entry['unless'])}"
    if "before" in entry:
        text += f"; not from {entry['distribution']} {entry['before']} on"
    return text


def warm_ups() -> Iterator[str]:
    """Every call of the catalogue."""
    for code in ("FS111", "FS112", "FS113", ""):
        entries = [entry for entry in catalogue()["warmup"] if entry["rule"] == code]
        heading = f"### [{code}](codes/{code}.md)" if code else "### Looked at, and harmless"
        rows = [
            (
                call_of(entry),
                why_of(entry),
                entry["evidence"],
                sources(entry["sources"]),
            )
            for entry in entries
        ]
        yield from (heading, "", *table(("Call", "It ...", "Evidence", "Sources"), rows), "")


REGIONS: dict[str, Callable[[], Iterator[str]]] = {
    "codes": code_list,
    "file-index": file_index,
    "measured": measured,
    "measured-conditions": measured_conditions,
    "navigation": navigation,
    "optional-pages": optional_pages,
    "options": option_reference,
    "packages": packages,
    "warm-ups": warm_ups,
}


def filled(text: str) -> str:
    """A page with its generated parts as they should be."""

    def replace(match: re.Match[str]) -> str:
        indent = match["indent"]
        lines = REGIONS[match["name"] or match["other"]]()
        body = "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
        return f"{indent}{match['begin']}\n{body}{match['finish']}"

    return REGION.sub(replace, text)


def generated() -> dict[Path, str]:
    """Every generated file with the text it should have."""
    found = {DOCS / "codes" / f"{rule.code}.md": code_page(rule.code) for rule in RULES}
    others = (ROOT / "mkdocs.yml", DOCS / "codes" / "index.md", DOCS / "contributing" / "files.md")
    for path in (*others, *DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if REGION.search(text):
            found[path] = filled(text)
    return found


def refresh_examples() -> None:
    """Write what the examples print into their pages."""
    for page in examples.pages():
        with tempfile.TemporaryDirectory() as scratch:
            text = examples.updated(page, list(examples.run_page(page, Path(scratch))))
        if text != page.read_text(encoding="utf-8"):
            print(f"examples: {page.relative_to(ROOT)}")
            page.write_text(text, encoding="utf-8")


def stale() -> dict[Path, str]:
    """The generated files that are not current, with the text they should have."""
    return {
        path: text
        for path, text in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def obsolete() -> list[Path]:
    """Pages of codes that are no longer there."""
    codes = {rule.code for rule in RULES}
    return [path for path in (DOCS / "codes").glob("FS*.md") if path.stem not in codes]


def main() -> int:
    """Write what is not current, or tell it."""
    old, gone = stale(), obsolete()
    for path in (*old, *gone):
        print(path.relative_to(ROOT))
    if "--check" in sys.argv:
        return 1 if old or gone else 0
    for path, text in old.items():
        path.write_text(text, encoding="utf-8")
    for path in gone:
        path.unlink()
    refresh_examples()
    return 0


if __name__ == "__main__":
    sys.exit(main())
