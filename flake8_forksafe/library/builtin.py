"""Which model stands for which builtin function or method of a builtin type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flake8_forksafe.interpreter import strings
from flake8_forksafe.interpreter.values import TRUE, UNKNOWN, Items, Literal, Table, Value
from flake8_forksafe.library import iteration, methods, reflection

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.machine import Machine

_SEQUENCE_METHODS = [
    "append", "appendleft", "add", "insert", "extend", "update", "remove", "discard", "pop", "clear", "copy",
    "index", "union", "intersection", "difference", "symmetric_difference", "count", "issubset", "issuperset",
    "isdisjoint", "sort", "reverse", "__iter__",
]  # fmt: skip
_MAPPING_METHODS = [
    "get", "pop", "popitem", "setdefault", "update", "copy", "keys", "values", "items", "clear", "__iter__",
]  # fmt: skip

VALUES: dict[str, Callable[[Machine], Value]] = {
    "builtins.Ellipsis": lambda machine: UNKNOWN,
    "builtins.__debug__": lambda machine: TRUE,
}

FUNCTIONS: dict[str, methods.Model] = {
    "builtins.getattr": reflection.get_attribute,
    "builtins.hasattr": reflection.has_attribute,
    "builtins.setattr": reflection.set_attribute,
    "builtins.isinstance": reflection.is_instance,
    "builtins.issubclass": reflection.is_subclass,
    "builtins.type": reflection.type_of,
    "builtins.type.__new__": reflection.new_type,
    "builtins.type().__new__": reflection.new_type,
    "builtins.type.__subclasses__": reflection.subclasses,
    "builtins.property": reflection.descriptor("property"),
    "builtins.classmethod": reflection.descriptor("classmethod"),
    "builtins.staticmethod": reflection.descriptor("staticmethod"),
    "builtins.vars": reflection.names_of,
    "builtins.globals": reflection.names_of,
    "builtins.locals": reflection.names_of,
    "builtins.dir": reflection.directory,
    "builtins.callable": reflection.is_callable,
    "builtins.list": iteration.sequence("list"),
    "builtins.tuple": iteration.sequence("tuple"),
    "builtins.set": iteration.sequence("set"),
    "builtins.frozenset": iteration.sequence("set"),
    "builtins.iter": iteration.sequence("iterator"),
    "builtins.reversed": iteration.sequence("iterator"),
    "builtins.sorted": iteration.sequence("list"),
    "builtins.dict": iteration.dictionary,
    "builtins.dict.fromkeys": iteration.dictionary_of_keys,
    "builtins.enumerate": iteration.enumerate_,
    "builtins.zip": iteration.zip_,
    "builtins.range": iteration.range_,
    "builtins.map": iteration.map_,
    "builtins.filter": iteration.filter_,
    "builtins.any": iteration.any_or_all,
    "builtins.all": iteration.any_or_all,
    "builtins.next": iteration.next_,
    "builtins.len": iteration.length,
    **{f"builtins.{name}": iteration.pure for name in iteration.PURE},
    "builtins.max": iteration.extreme,
    "builtins.min": iteration.extreme,
    "builtins.str": iteration.convert,
    "builtins.int": iteration.convert,
    "builtins.float": iteration.convert,
    "builtins.bool": iteration.convert,
    "builtins.repr": iteration.convert,
    "builtins.__import__": reflection.import_,
    "forksafe.property.setter": reflection.with_setter,
    "forksafe.property.deleter": reflection.first_argument,
    "forksafe.property.getter": reflection.first_argument,
    **{f"builtins.{kind}.{name}": methods.method(methods.sequence_method, Items)
       for kind in ("list", "tuple", "set", "iterator") for name in _SEQUENCE_METHODS},
    **{f"builtins.dict.{name}": methods.method(methods.mapping_method, Table) for name in _MAPPING_METHODS},
    **{f"builtins.{kind}.{name}": methods.method(methods.string_method, Literal)
       for kind in ("str", "bytes") for name in strings.METHODS},
}  # fmt: skip
