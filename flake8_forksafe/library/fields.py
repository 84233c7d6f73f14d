"""Libraries that generate ``__init__`` from the fields of a class: dataclasses, attrs, pydantic."""

from __future__ import annotations

from flake8_forksafe.interpreter.machine import Library

MODELS = Library(
    field_bases=frozenset({"typing.NamedTuple", "pydantic.BaseModel"}),
    fields=frozenset({"dataclasses.field()", "attr.ib()", "attr.field()", "attrs.field()", "pydantic.Field()"}),
)
