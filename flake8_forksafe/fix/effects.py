"""Finds what a module registers when it is imported; that would be missing if the import is deferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_forksafe.fix.text import Source
from flake8_forksafe.fix.uses import dotted_parts

if TYPE_CHECKING:
    import libcst as cst

HARMLESS = frozenset(
    {"dataclass", "dataclasses", "define", "frozen", "attrs", "cache", "lru_cache", "cached_property", "wraps",
     "total_ordering", "contextmanager", "asynccontextmanager", "property", "staticmethod", "classmethod", "overload",
     "runtime_checkable", "final", "override", "unique", "deprecated", "abstractmethod", "no_grad", "inference_mode"}
)  # fmt: skip
"""Last parts of decorators that do not register what they decorate."""
QUIET = frozenset({"filterwarnings", "simplefilter", "append", "insert", "setdefault", "getLogger", "setLevel"})
"""Last parts of calls as statements that are about the module itself."""


def effects(source: Source) -> str:
    """What a module registers when it is imported, as a clause for a message; ``""`` if nothing is seen."""
    import libcst as cst

    for statement in source.module.body:
        if isinstance(statement, cst.SimpleStatementLine):
            for node in statement.body:
                if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call):
                    parts = [*dotted_parts(node.value.func)]
                    if not parts or parts[-1] not in QUIET:
                        return f"calls {'.'.join(parts) or 'something'}() in line {source.place(node).start.line}"
        elif isinstance(statement, cst.FunctionDef | cst.ClassDef):
            found = _of_definition(source, statement)
            if found:
                return found
    return ""


def _of_definition(source: Source, statement: cst.FunctionDef | cst.ClassDef) -> str:
    import libcst as cst

    for decorator in statement.decorators:
        parts = [*dotted_parts(decorator.decorator)]
        if not parts or parts[-1] not in HARMLESS:
            name = ".".join(parts) or "a decorator"
            return f"registers {statement.name.value}() by {name}"
    if isinstance(statement, cst.ClassDef):
        for base in statement.bases:
            parts = [*dotted_parts(base.value)]
            if parts and parts[-1].endswith(("Model", "Admin", "Base", "AppConfig")):
                return f"defines {statement.name.value}, a {'.'.join(parts)}"
        if any(one.keyword is not None and one.keyword.value == "metaclass" for one in statement.keywords):
            return f"defines {statement.name.value}, which has a metaclass"
    return ""
