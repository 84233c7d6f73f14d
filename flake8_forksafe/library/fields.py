"""Libraries whose classes get an ``__init__`` made from their fields: dataclasses, attrs, pydantic."""

from __future__ import annotations

from flake8_forksafe.interpreter.machine import Library

MODELS = Library(
    field_bases=frozenset({"typing.NamedTuple", "pydantic.BaseModel"}),
    fields=frozenset({"dataclasses.field()", "attr.ib()", "attr.field()", "attrs.field()", "pydantic.Field()"}),
)
