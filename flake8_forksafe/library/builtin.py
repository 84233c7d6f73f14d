"""Which model stands for which builtin function or method of a builtin type."""

from __future__ import annotations

from flake8_forksafe.interpreter import attributes, strings
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.machine import Library
from flake8_forksafe.interpreter.values import TRUE, UNKNOWN, Literal
from flake8_forksafe.library import builtin_iteration, builtin_methods, builtin_reflection

_SEQUENCE_METHODS = [
    "append", "appendleft", "add", "insert", "extend", "update", "remove", "discard", "pop", "clear", "copy",
    "index", "union", "intersection", "difference", "symmetric_difference", "count", "issubset", "issuperset",
    "isdisjoint", "sort", "reverse", "__iter__", "popleft", "extendleft", "rotate", "intersection_update",
    "difference_update", "symmetric_difference_update",
]  # fmt: skip
_MAPPING_METHODS = [
    "get", "pop", "popitem", "setdefault", "update", "copy", "keys", "values", "items", "clear", "__iter__",
    "move_to_end",
]  # fmt: skip

MODELS = Library(
    values={"builtins.Ellipsis": lambda machine: UNKNOWN, "builtins.__debug__": lambda machine: TRUE},
    functions={
    "builtins.getattr": builtin_reflection.get_attribute,
    "builtins.hasattr": builtin_reflection.has_attribute,
    "builtins.setattr": builtin_reflection.set_attribute,
    "builtins.delattr": builtin_reflection.delete_attribute,
    **{f"builtins.object.{name}": builtin_reflection.object_method for name in attributes.OBJECT_METHODS},
    "builtins.isinstance": builtin_reflection.is_instance,
    "builtins.issubclass": builtin_reflection.is_subclass,
    "builtins.type": builtin_reflection.type_of,
    "builtins.type.__new__": builtin_reflection.new_type,
    "builtins.type().__new__": builtin_reflection.new_type,
    "builtins.type().__call__": builtin_reflection.call_type,
    "builtins.type.__subclasses__": builtin_reflection.subclasses,
    "builtins.property": builtin_reflection.descriptor("property"),
    "builtins.classmethod": builtin_reflection.descriptor("classmethod"),
    "builtins.staticmethod": builtin_reflection.descriptor("staticmethod"),
    "builtins.vars": builtin_reflection.names_of,
    "builtins.globals": builtin_reflection.names_of,
    "builtins.locals": builtin_reflection.names_of,
    "builtins.dir": builtin_reflection.directory,
    "builtins.callable": builtin_reflection.is_callable,
    "builtins.list": builtin_iteration.sequence("list"),
    "builtins.tuple": builtin_iteration.sequence("tuple"),
    "builtins.set": builtin_iteration.sequence("set"),
    "builtins.frozenset": builtin_iteration.sequence("set"),
    "builtins.iter": builtin_iteration.sequence("iterator"),
    "builtins.reversed": builtin_iteration.sequence("iterator"),
    "builtins.sorted": builtin_iteration.sequence("list"),
    "builtins.dict": builtin_iteration.dictionary,
    "builtins.dict.fromkeys": builtin_iteration.dictionary_of_keys,
    "builtins.enumerate": builtin_iteration.enumerate_,
    "builtins.zip": builtin_iteration.zip_,
    "builtins.range": builtin_iteration.range_,
    "builtins.map": builtin_iteration.map_,
    "builtins.filter": builtin_iteration.filter_,
    "builtins.any": builtin_iteration.any_or_all,
    "builtins.all": builtin_iteration.any_or_all,
    "builtins.next": builtin_iteration.next_,
    "builtins.generator.send": builtin_iteration.send,
    "builtins.generator.throw": builtin_iteration.throw,
    "builtins.generator.close": builtin_iteration.close,
    "builtins.hash": builtin_iteration.hash_,
    "builtins.len": builtin_iteration.length,
    **{f"builtins.{name}": builtin_iteration.pure for name in builtin_iteration.PURE},
    "builtins.sum": builtin_iteration.total,
    "builtins.max": builtin_iteration.extreme,
    "builtins.min": builtin_iteration.extreme,
    "builtins.str": builtin_iteration.convert,
    "builtins.int": builtin_iteration.convert,
    "builtins.float": builtin_iteration.convert,
    "builtins.bool": builtin_iteration.convert,
    "builtins.repr": builtin_iteration.convert,
    "builtins.__import__": builtin_reflection.import_,
    "<forksafe>.property.setter": builtin_reflection.with_accessor,
    "<forksafe>.property.deleter": builtin_reflection.with_accessor,
    "<forksafe>.property.getter": builtin_reflection.first_argument,
    **{f"builtins.{kind}.{name}": builtin_methods.method(builtin_methods.sequence_method, Items)
       for kind in ("list", "tuple", "set", "iterator", "view") for name in _SEQUENCE_METHODS},
    **{f"builtins.dict.{name}": builtin_methods.method(builtin_methods.mapping_method, Table)
       for name in _MAPPING_METHODS},
    **{f"builtins.{kind}.{name}": builtin_methods.method(builtin_methods.string_method, Literal)
       for kind in ("str", "bytes") for name in strings.METHODS},
},
)  # fmt: skip
