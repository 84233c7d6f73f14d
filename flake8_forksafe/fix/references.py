"""Finds references to a name of a module in other files: imports, attributes, and strings (``mock.patch("a.b")``)."""

from __future__ import annotations

import io
import os
import re
import tokenize
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flake8_forksafe.project.disk import Disk


class NameReference(NamedTuple):
    """A place in another file that relies on a name.

    :ivar how: a clause for a message: ``imports it``.
    :ivar through: for ``uses it``, the name that the module has there.
    """

    path: str
    line: int
    how: str
    through: str = ""


class ModuleNames(NamedTuple):
    """The module whose names are looked for.

    :ivar names: the dotted names that it is imported by.
    """

    path: str
    names: tuple[str, ...]

    @property
    def last(self) -> str:
        """The last part of its name."""
        return self.names[0].rpartition(".")[2]

    def is_called(self, name: str) -> bool:
        """Whether a dotted name may be the module's, from wherever modules are searched for."""
        return any(name == own or own.endswith(f".{name}") or name.endswith(f".{own}") for own in self.names)


STAR = re.compile(rb"\bimport\s*\(?\s*\*")


class Mentions:
    """What the files of a project mention; each is read once."""

    def __init__(
        self, disk: Disk, project: str, mentioned: dict[tuple[str, bytes], Mentioned | None] | None = None
    ) -> None:
        """Prepare a search.

        :param mentioned: what is known of files, by path and content; what is found is added.
        """
        self.disk = disk
        self.project = project
        self._files: list[str] | None = None
        self._mentioned = mentioned if mentioned is not None else {}

    def references(self, module: ModuleNames, bound: Iterable[str]) -> Iterator[NameReference]:
        """The places in other files of the project that rely on a name of a module.

        A file is looked into only if its text allows for one.  One that cannot be read as Python counts if its text
        does.
        """
        names = tuple(bound)
        filters = [_possible(module, name) for name in names]
        for path, found in self._mentioning(module, names, filters):
            if found is None:
                yield NameReference(path, 1, "may rely on it, and cannot be read as Python")
                continue
            for name in names:
                yield from _in_file(path, found, module, name)
        yield from self._through_stars(module, names)

    def unimported(self, path: str, dotted: str) -> Iterator[NameReference]:
        """The places in files other than one that use a sub-module, and import only the package around it."""
        package, _, last = dotted.rpartition(".")
        use = re.compile(rb"\b\w+\s*\.\s*%s\b" % re.escape(last).encode())
        for other, found in self._mentioning(ModuleNames(path, (dotted,)), (last,), [use]):
            if found is None or any(_imports(one, package, last) for one in found.imports):
                continue
            ways = tuple({way for one in found.imports for way in _ways(one, dotted)})
            for chain, line in found.chains:
                if chain in ways or chain.startswith(tuple(f"{way}." for way in ways)):
                    yield NameReference(other, line, f"uses {dotted} without importing it")

    def _mentioning(
        self, module: ModuleNames, words: tuple[str, ...], filters: list[re.Pattern[bytes]]
    ) -> Iterator[tuple[str, Mentioned | None]]:
        """What other files mention that hold one of some words, and what one of the patterns finds."""
        if self._files is None:
            self._files = [os.path.join(directory, file) for directory, _, files in self.disk.tree(self.project)
                           for file in files if file.endswith((".py", ".pyi"))]  # fmt: skip
        for path in self._files:
            if path == module.path or not any(self.disk.holds(path, word) for word in words):
                continue
            try:
                content = self.disk.content(path, searched=True)
            except OSError:
                continue
            if not any(possible.search(content) for possible in filters):
                continue
            if (path, content) not in self._mentioned:
                self._mentioned[path, content] = mentioned(content)
            yield path, self._mentioned[path, content]

    def _through_stars(self, module: ModuleNames, names: tuple[str, ...]) -> Iterator[NameReference]:
        """The places that rely on the names of a module by way of ``from module import *`` in another one."""
        public = tuple(name for name in names if not name.startswith("_"))
        pending, seen = [module] if public else [], {module.path}
        while pending:
            one = pending.pop()
            for path, found in [*self._mentioning(one, (one.last,), [STAR])]:
                stars = [star for star in found.imports if star.name == "*"] if found is not None else []
                if path in seen or not any(_leads_to(path, star, star.module, one) for star in stars):
                    continue
                seen.add(path)
                stem = os.path.splitext(os.path.relpath(path, self.project))[0].replace(os.sep, ".")
                starred = ModuleNames(path, (stem.removesuffix(".__init__"),))
                pending.append(starred)
                filters = [_possible(starred, name) for name in public]
                for other, mentions in self._mentioning(starred, public, filters):
                    for name in public if mentions is not None and other not in seen else ():
                        for reference in _in_file(other, mentions or Mentioned((), (), ()), starred, name):
                            yield reference._replace(how=f"{reference.how}, by way of {starred.last}")


def _possible(module: ModuleNames, name: str) -> re.Pattern[bytes]:
    """What the text of a file holds that relies on the name of a module."""
    last, word = re.escape(module.last).encode(), re.escape(name).encode()
    parts = [
        rb"\b%s\s+import\b" % last,
        rb"\b%s\s+as\b" % last,
        rb"\b%s\s*\.\s*%s\b" % (last, word),
        rb"[\"']%s[\"']" % word,
        rb"\b%s\b" % PATCHES_SEVERAL.encode(),
    ]
    if os.path.basename(module.path).startswith("__init__."):
        parts.append(rb"\bfrom\s+\.+\s*import\b")
    return re.compile(b"|".join(parts))


class ImportedName(NamedTuple):
    """One name of an import statement.

    :ivar level: dots in front of ``module``; ``name`` is empty in ``import module``, ``*`` for all names.
    :ivar alias: what it is bound to.
    """

    level: int
    module: tuple[str, ...]
    name: str
    alias: str
    line: int


class Mentioned(NamedTuple):
    """What a file mentions: imports, dotted names with their lines, and strings that may name something."""

    imports: tuple[ImportedName, ...]
    chains: tuple[tuple[str, int], ...]
    strings: tuple[tuple[str, int], ...]


class Bracket(NamedTuple):
    """An open bracket.

    :ivar called: the last part of the name in front of it.
    :ivar is_about_modules: whether strings in it name modules, not what a module holds.
    """

    called: str
    is_about_modules: bool


MODULES = "sys.modules"
LOADERS = frozenset({"import_module", "find_spec", "importorskip", "__import__"})
"""Functions that take the name of a module."""
PATCHES_SEVERAL = "multiple"
"""``mock.patch.multiple("module", name=value)``."""
CHAIN = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
LONGEST = 300
"""Characters of a string that may name something."""


def mentioned(content: bytes) -> Mentioned | None:
    """What a file mentions, by its tokens; None if it cannot be read as Python."""
    try:
        tokens = [token for token in tokenize.tokenize(io.BytesIO(content).readline) if token.type not in SKIPPED]
    except (tokenize.TokenError, SyntaxError, ValueError, LookupError):
        return None
    imports: list[ImportedName] = []
    chains: list[tuple[str, int]] = []
    strings: list[tuple[str, int]] = []
    brackets: list[Bracket] = []
    before = ""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        called, before = before, ""
        starts = index == 0 or tokens[index - 1].type in STATEMENT_ENDS or tokens[index - 1].string in (";", ":")
        if starts and token.string in ("from", "import") and token.type == tokenize.NAME:
            end = index
            while end < len(tokens) and tokens[end].type != tokenize.NEWLINE and tokens[end].string != ";":
                end += 1
            imports += _imported([one.string for one in tokens[index:end]], token.start[0])
            index = end
        elif token.type == tokenize.NAME:
            parts = [token.string]
            while (
                index + 2 < len(tokens) and tokens[index + 1].string == "." and tokens[index + 2].type == tokenize.NAME
            ):
                parts.append(tokens[index + 2].string)
                index += 2
            before = ".".join(parts)
            if len(parts) > 1:
                chains.append((before, token.start[0]))
            elif brackets and brackets[-1].called == PATCHES_SEVERAL and tokens[index + 1].string == "=":
                strings.append((before, token.start[0]))
            if before == MODULES and brackets:
                brackets[-1] = brackets[-1]._replace(is_about_modules=True)
        elif token.type == tokenize.STRING:
            text = token.string.strip("rRbBuUfF").strip("\"'")
            if "f" in token.string[:2].lower():  # before Python 3.12 its expressions are no tokens of their own
                chains += [(match[0], token.start[0]) for match in CHAIN.finditer(text)]
            elif text == MODULES and brackets:
                brackets[-1] = brackets[-1]._replace(is_about_modules=True)
            elif len(text) <= LONGEST and text and not any(bracket.is_about_modules for bracket in brackets):
                strings.append((text, token.start[0]))
        elif token.string in ("(", "[", "{"):
            last = called.rpartition(".")[2]
            brackets.append(Bracket(last, called == MODULES or (token.string == "(" and last in LOADERS)))
        elif token.string in (")", "]", "}"):
            brackets[-1:] = []
        index += 1
    return Mentioned(tuple(imports), tuple(chains), tuple(strings))


SKIPPED = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING})
STATEMENT_ENDS = frozenset({tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})


def _imported(words: list[str], line: int) -> Iterator[ImportedName]:
    """The names of an import statement, given as tokens."""
    first, rest = words[0], [word for word in words[1:] if word not in ("(", ")")]
    level, module = 0, []
    if first == "from":
        if "import" not in rest:
            return
        at = rest.index("import")
        source = "".join(rest[:at])
        level = len(source) - len(source.lstrip("."))
        module = [part for part in source.lstrip(".").split(".") if part]
        rest = rest[at + 1 :]
    group: list[str] = []
    for word in [*rest, ","]:
        if word != ",":
            group.append(word)
            continue
        if group:
            at = group.index("as") if "as" in group else len(group)
            name, alias = "".join(group[:at]), "".join(group[at + 1 :])
            if first == "from":
                yield ImportedName(level, tuple(module), name, alias or name, line)
            else:
                yield ImportedName(0, tuple(name.split(".")), "", alias or name, line)
        group = []


def _in_file(path: str, found: Mentioned, module: ModuleNames, name: str) -> Iterator[NameReference]:
    """The places in one file."""
    aliases = {one.alias for one in found.imports if _is_module(path, one, module)}
    is_known = bool(aliases) or any(module.is_called(text) for text, _ in found.strings)
    for one in found.imports:
        if one.name and one.name in (name, "*") and _leads_to(path, one, one.module, module):
            yield NameReference(path, one.line, "imports all of its names" if one.name == "*" else "imports it")
    for chain, line in found.chains:
        for alias in aliases:
            if chain == f"{alias}.{name}" or chain.startswith(f"{alias}.{name}."):
                yield NameReference(path, line, "uses it", alias)
    for text, line in found.strings:
        how = _named(text, module, name, is_known)
        if how:
            yield NameReference(path, line, how)


def _imports(one: ImportedName, package: str, last: str) -> bool:
    """Whether a name in an import statement loads a sub-module, as far as the statement tells."""
    if one.level:
        return one.name == last or last in one.module
    whole = (*one.module, one.name) if one.name else one.module
    return whole[: package.count(".") + 2] == (*package.split("."), last)


def _ways(one: ImportedName, dotted: str) -> Iterator[str]:
    """How a sub-module can be written behind an import of something around it."""
    package, _, last = dotted.rpartition(".")
    whole = ".".join((*one.module, one.name) if one.name else one.module)
    if not one.name and one.alias == whole:
        if one.module[0] == dotted.partition(".")[0]:
            yield dotted
    elif whole == package and not one.level:
        yield f"{one.alias}.{last}"


def _is_module(path: str, one: ImportedName, module: ModuleNames) -> bool:
    """Whether an imported name stands for the module."""
    if not one.name:
        return module.is_called(".".join(one.module))
    return one.name == module.last and _leads_to(path, one, (*one.module, one.name), module)


def _leads_to(path: str, one: ImportedName, parts: tuple[str, ...], module: ModuleNames) -> bool:
    """Whether a name in the statement, absolute or relative, is that of the module."""
    if not one.level:
        return module.is_called(".".join(parts))
    directory = os.path.dirname(path)
    for _ in range(one.level - 1):
        directory = os.path.dirname(directory)
    target = os.path.join(directory, *parts)
    return os.path.splitext(module.path)[0] in (target, os.path.join(target, "__init__"))


def _named(text: str, module: ModuleNames, name: str, is_imported: bool) -> str:
    """How a string names it: ``mock.patch("shop.ai.torch")``, ``monkeypatch.setattr(ai, "torch", …)``."""
    if is_imported and text == name:
        return f"names {name!r} in a string"
    for own in module.names:
        path = f"{own}.{name}"
        if text == path or text.startswith((f"{path}.", f"{path}:")) or text.endswith(f".{path}"):
            return "names it in a string"
    return ""
