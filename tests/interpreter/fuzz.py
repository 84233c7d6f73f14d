"""Random small programs that CPython can import, made from the forms in ``fuzz_forms.txt``.

A program is a package and a ``main`` that imports it.  What it does that can be seen is to import marker modules
(``m_0``, ``m_1``, ...) in places that conditions, calls, exceptions and loops guard.  Slots of a form:

``<int>``, ``<str>``, ``<bool>``, ``<ints>``, ``<strs>``, ``<dict>``, ``<any>``
    an expression of that kind (``ints`` and ``strs`` are lists, ``dict`` maps strings to numbers); ``<int:x=str>``
    may use the variable ``x``, a string, besides those in scope
``<known>``, ``<unknown>``
    a condition that the process decides, and one that it does not
``<set int>``, ``<var int>``
    a variable that is assigned, or changed
``<import>``, ``<mark>``
    a statement that imports a marker, and the number of one
``<block>``, ``<body int a=str>``
    statements; a function's statements, which return a number and know ``a``
``<n>``
    a number that is the same throughout the form

A definition ends in lines that say how it may be used: ``#use int: @f<n>(<str>)`` is a number, and ``@`` stands before
each name that the definition makes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from pathlib import Path

KINDS = ("int", "str", "bool", "ints", "strs", "dict")
SLOT = re.compile(r"<([a-z]+)(?: ([a-z]+))?(?:[: ]([\w=,]+))?>")
TARGET = re.compile(r"<(?:set|var) (\w+)>")
HEAD = """\
from __future__ import annotations
import abc, asyncio, collections, contextlib, dataclasses, enum, functools, importlib, itertools, operator, os, random
import re, sys, time, typing
from typing import TYPE_CHECKING
import tools
from tools import Boom, Odd, hit
"""
TOOLS = """\
import importlib
def hit(number, value=None):
    importlib.import_module(f'm_{number}')
    return value
class Boom(Exception):
    pass
class Odd(ValueError):
    pass
"""
MARKS = (
    "import m_{0}", "import m_{0} as here", "from m_{0} import __name__ as here", "importlib.import_module('m_{0}')",
    "__import__('m_{0}')", "importlib.import_module('m_' + str({0}))", "hit({0})",
)  # fmt: skip


def read_forms() -> dict[str, list[str]]:
    """The forms by heading."""
    sections = (Path(__file__).parent / "fuzz_forms.txt").read_text(encoding="utf-8").split("==== ")[1:]
    found: dict[str, list[str]] = {}
    for section in sections:
        heading, _, body = section.partition("\n")
        found[heading] = body.split("----\n") if "----\n" in body else body.splitlines()
    return found


FORMS = read_forms()


class Use:
    """A way to use a definition.

    :ivar names: what it needs, each with ``@`` before it in ``form``.
    """

    def __init__(self, kind: str, form: str, prefix: str = "") -> None:
        self.kind = kind
        self.names = frozenset(re.findall(r"@(\w+)", form))
        self.form = form.replace("@", f"@{prefix}") if prefix else form

    def within(self, prefix: str) -> Use:
        """The same where the definition is an attribute of something."""
        return Use(self.kind, self.form, prefix)


class Scope:
    """Names that code may use, by kind.

    :ivar targets: those that statements may assign to; all of its own but in a block that is given some.
    :ivar returns: what the function around returns.
    """

    def __init__(self, outer: Scope | None = None, returns: str = "") -> None:
        self.own: dict[str, list[str]] = {kind: [] for kind in KINDS}
        self.targets = self.own
        self.outer = outer
        self.returns = returns
        self.uses: list[Use] = []
        self.exported: list[str] | None = None

    def names(self, kind: str) -> list[str]:
        """Variables of a kind."""
        return self.own[kind] + (self.outer.names(kind) if self.outer is not None else [])

    def usable(self, kind: str) -> list[Use]:
        """Uses of definitions that give a kind."""
        own = [use for use in self.uses if use.kind == kind]
        return own + (self.outer.usable(kind) if self.outer is not None else [])


class Generator:
    """Makes one program from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.marks = 0
        self.count = 0

    def number(self) -> int:
        self.count += 1
        return self.count

    def mark(self) -> int:
        self.marks += 1
        return self.marks - 1

    # --- expressions ------------------------------------------------------------------------------------------

    def expression(self, kind: str, scope: Scope, depth: int) -> str:
        """An expression of a kind."""
        pick = self.random
        if kind == "any":
            kind = pick.choice((*KINDS, "none"))
            if kind == "none":
                return "None"
        if kind in KINDS and pick.random() < (0.45 if depth > 0 else 0.7):
            names, uses = scope.names(kind), scope.usable(kind) if depth > -1 else []
            if uses and pick.random() < 0.6:
                return self.fill(pick.choice(uses).form.replace("@", ""), scope, depth - 1)
            if names:
                return pick.choice(names)
        forms = FORMS[kind]
        if depth <= 0:
            forms = [form for form in forms if not SLOT.search(form)] or ["<known>", "<unknown>"]
        return self.fill(pick.choice(forms), scope, depth - 1)

    def fill(self, form: str, scope: Scope, depth: int, number: int | None = None) -> str:
        """A form of one line with its slots filled."""
        own = self.number() if number is None else number
        form = form.replace("<n>", str(own))

        def filled(slot: re.Match[str]) -> str:
            kind, second, more = slot.groups()
            if kind == "import":
                return self.random.choice(MARKS).format(self.mark())
            if kind == "mark":
                return str(self.mark())
            if kind == "ret":
                return self.expression(scope.returns, scope, depth)
            if kind == "plain":
                return self.random.choice([*scope.names(second), "True" if second == "bool" else "0"])
            if kind in ("set", "var"):
                return self.random.choice(scope.targets[second])
            return self.expression(kind, self.inner(scope, more), depth)

        return SLOT.sub(filled, form)

    def inner(self, scope: Scope, more: str | None, assigning: bool = False) -> Scope:
        """A scope with variables besides, ``x=int,y=str``; ``assigning``, statements may assign those of the scope."""
        if not more:
            return scope
        found = Scope(scope, scope.returns)
        if assigning:
            found.targets = scope.targets
        for name, kind in pairs(more):
            found.own[kind] += [name] * 3
        return found

    # --- statements -------------------------------------------------------------------------------------------

    def statements(self, form: str, scope: Scope, depth: int, indent: str = "", number: int | None = None) -> list[str]:
        """A form of several lines with its slots filled."""
        own = self.number() if number is None else number
        texts = form.replace("<n>", str(own)).rstrip("\n").split("\n")
        lines: list[str] = []
        scopes = [(-1, scope)]  # of functions in the form, by how far their ``def`` is indented
        for index, line in enumerate(texts):
            text = line.lstrip()
            level = len(line) - len(text)
            while level <= scopes[-1][0]:
                scopes.pop()
            here, inner = indent + line[:level], scopes[-1][1]
            slot = SLOT.fullmatch(text)
            if slot is not None and slot[1] == "block":
                lines += self.block(self.inner(inner, slot[3], assigning=True), depth - 1, here)
            elif slot is not None and slot[1] == "body":
                lines += self.body(inner, slot[2], slot[3], depth - 1, here)
            else:
                lines.append(here + self.fill(text, inner, depth, own))
                if text.startswith(("def ", "async def ")) and text.endswith(":") and index + 1 < len(texts):
                    scopes.append((level, Scope(inner)))
                    following = texts[index + 1].lstrip()
                    if not following.startswith(("<body", "global ", "nonlocal ", "yield")):
                        lines += self.locals(scopes[-1][1], here + "    ", self.random.choice((0, 1)))
        return lines

    def block(self, scope: Scope, depth: int, indent: str) -> list[str]:
        """Some statements."""
        pick = self.random
        lines: list[str] = []
        for _ in range(pick.choice((1, 1, 2))):
            if scope.returns and depth > 0 and pick.random() < 0.15:
                lines += self.statements(pick.choice(FORMS["returning"]), scope, depth, indent)
            elif depth > 0 and pick.random() < 0.4:
                lines += self.statements(self.assignable("compound", scope), scope, depth, indent)
            else:
                lines.append(indent + self.fill(self.assignable("simple", scope), scope, depth))
        return lines

    def assignable(self, heading: str, scope: Scope) -> str:
        """A form that assigns to kinds of variables only that the scope has."""
        while True:
            form = self.random.choice(FORMS[heading])
            if all(scope.targets[kind] for kind in TARGET.findall(form)):
                return form

    def variables(self, scope: Scope, indent: str, kinds: Iterable[str], depth: int) -> list[str]:
        """Assignments that give a scope variables of its own."""
        lines = []
        for kind in kinds:
            name = f"{NAMES[kind]}{self.number()}"
            lines.append(f"{indent}{name} = {self.expression(kind, scope, depth)}")
            scope.own[kind].append(name)
        return lines

    def locals(self, scope: Scope, indent: str, count: int) -> list[str]:
        """How a function begins: ``global``, and variables of its own."""
        lines = []
        kind = self.random.choice(KINDS)
        module = scope
        while module.outer is not None:
            module = module.outer
        if module.own[kind] and self.random.random() < 0.15:
            name = self.random.choice(module.own[kind])
            lines.append(f"{indent}global {name}")
            scope.own[kind].append(name)
        return lines + self.variables(scope, indent, self.random.sample(KINDS, count), 1)

    def body(self, outer: Scope, returns: str, more: str | None, depth: int, indent: str) -> list[str]:
        """The body of a function."""
        scope = Scope(outer, returns)
        for name, kind in pairs(more):
            scope.own[kind].append(name)
        lines = self.locals(scope, indent, self.random.choice((0, 1, 2)))
        lines += self.block(scope, depth, indent)
        return [*lines, f"{indent}return {self.expression(returns, scope, 1)}"]

    def definition(self, scope: Scope, depth: int) -> list[str]:
        """A definition; its uses are added to the scope."""
        form, _, uses = self.assignable("definition", scope).partition("#use ")
        number = self.number()
        lines = self.statements(form, scope, depth, "", number)
        for use in uses.replace("<n>", str(number)).split("#use "):
            kind, _, text = use.strip().partition(": ")
            scope.uses.append(Use(kind, text))
        return lines

    # --- modules ----------------------------------------------------------------------------------------------

    def module(self, scope: Scope, size: int, depth: int) -> list[str]:
        """The statements of a module behind its imports."""
        lines = self.variables(scope, "", self.random.sample(KINDS, 4), 1)
        for _ in range(size):
            if self.random.random() < 0.5:
                lines += self.definition(scope, depth)
            else:
                lines += self.block(scope, depth, "")
        return lines

    def program(self) -> dict[str, str]:
        """Files of a program, by path."""
        pick = self.random
        names = pick.sample(MODULES, pick.randint(1, 4))
        scopes: dict[str, Scope] = {}
        files = {"tools.py": TOOLS, "app/__init__.py": "", "app/sub/__init__.py": ""}
        for name in names:
            scope = scopes[name] = Scope()
            lines = [
                line for other in names[: names.index(name)] for line in self.take(name, other, scopes[other], scope)
            ]
            lines += self.module(scope, pick.randint(1, 3), 2)
            if pick.random() < 0.15:
                lines.insert(pick.choice(starts(lines)), f"import {pick.choice(names)}")
            if pick.random() < 0.25:
                exported = sorted({part for use in scope.uses for part in use.names if pick.random() < 0.8})
                lines.append(f"__all__ = {exported}")
                scope.exported = exported
            files[path_of(name)] = HEAD + "\n".join(lines) + "\n"
        scope = Scope()
        lines, package = self.package(names, scopes)
        files["app/__init__.py"] = HEAD + "\n".join(lines) + "\n"
        lines = self.take("main", "app", package, scope)
        for name in pick.sample(names, len(names)):
            lines += self.take("main", name, scopes[name], scope)
        if pick.random() < 0.3:
            lines += pick.choice(DISCOVERIES)
        lines += self.module(scope, pick.randint(1, 3), 3)
        files["main.py"] = HEAD + "import app\nimport pkgutil\n" + "\n".join(lines) + "\n"
        files.update({f"m_{index}.py": "" for index in range(self.marks)})
        return files

    def take(self, here: str, name: str, source: Scope, scope: Scope) -> list[str]:
        """Import a module and what it defines."""
        pick = self.random
        used = pick.sample(source.uses, min(len(source.uses), 4))
        wanted = sorted({part for use in used for part in use.names})
        form = pick.choice(("from", "from", "star", "module", "as", "relative", "dynamic", "function"))
        parent, _, last = name.rpartition(".")
        if form == "relative" and here.startswith("app.") and name.startswith("app."):
            dots = "." * (len(here.split(".")) - 1)
            rest = name.removeprefix("app.")
            if wanted:
                scope.uses += used
                return [f"from {dots}{rest} import {', '.join(wanted)}"]
            return [f"from {dots}{rest.rpartition('.')[0]} import {last}"]
        if form == "star":
            kept = [use for use in source.uses if source.exported is None or use.names <= set(source.exported)]
            scope.uses += kept
            if source.exported is None:
                for kind in KINDS:
                    scope.own[kind] += source.own[kind][:1]
            return [f"from {name} import *"]
        if form == "as" and parent:
            scope.uses += [use.within(f"{last}_here.") for use in used]
            return [pick.choice((f"import {name} as {last}_here", f"from {parent} import {last} as {last}_here"))]
        if form == "dynamic":
            scope.uses += [use.within(f"{last}_found.") for use in used]
            how = (f"importlib.import_module({name!r})", f"__import__({name!r}, fromlist=['x'])")
            return [f"{last}_found = {pick.choice(how)}"]
        if form in ("from", "function") and wanted:
            scope.uses += used
            lines = [f"from {name} import {', '.join(wanted)}"]
            for kind in pick.sample(KINDS, 2):
                for variable in source.own[kind][:1]:
                    lines.append(f"from {name} import {variable} as {variable}_own")
                    scope.own[kind].append(f"{variable}_own")
            return lines
        scope.uses += [use.within(f"{name}.") for use in used]
        return [f"import {name}"]

    def package(self, names: list[str], scopes: dict[str, Scope]) -> tuple[list[str], Scope]:
        """What ``app/__init__.py`` does, and the names it has."""
        pick = self.random
        scope = Scope()
        if pick.random() < 0.3:
            return [], scope
        lines: list[str] = []
        for name in names[: pick.randint(0, len(names))]:
            lines += self.take("app.__init__", name, scopes[name], scope) if pick.random() < 0.6 else [f"import {name}"]
        if pick.random() < 0.4:
            number = self.number()
            lines += self.statements(HOOK, scope, 1, "", number)
            scope.uses += [Use("int", f"@app.lazy_{number}"), Use("int", f"getattr(app, 'lazy_{number}', <int>)"),
                           Use("bool", f"hasattr(app, 'nothing_{number}')")]  # fmt: skip
            scope.exported = []
        for use in scope.uses:
            use.form = use.form.replace("@app.", "app.")
        return lines, scope


HOOK = """\
def __getattr__(name):
    if name == 'lazy_<n>':
        <block>
        return <int>
    raise AttributeError(name)
"""
DISCOVERIES = (
    ["for found in pkgutil.iter_modules(app.__path__):", "    importlib.import_module(f'app.{found.name}')"],
    ["for found in pkgutil.iter_modules(app.__path__, 'app.'):", "    if not found.ispkg:",
     "        importlib.import_module(found.name)"],
    ["for finder, name, package in pkgutil.walk_packages(app.__path__, app.__name__ + '.'):", "    __import__(name)"],
    ["importlib.import_module('.sub', 'app')"],
    ["from app import *"],
)  # fmt: skip
MODULES = ("app.one", "app.two", "app.sub.three", "app.sub.four", "app.five", "six")
NAMES = {"int": "i", "str": "s", "bool": "b", "ints": "ns", "strs": "ts", "dict": "d"}


def pairs(more: str | None) -> list[tuple[str, str]]:
    """``x=int,y=str`` as pairs."""
    return [(name, kind) for pair in more.split(",") for name, _, kind in [pair.partition("=")]] if more else []


def starts(lines: list[str]) -> list[int]:
    """Where a statement may be put in."""
    inside = (" ", "@", "else", "elif", "except", "finally", "class ", "def ", "async ")
    return [index for index, line in enumerate([*lines, ""]) if not line.startswith(inside)]


def path_of(name: str) -> str:
    """The file of a module."""
    return name.replace(".", "/") + ".py"
