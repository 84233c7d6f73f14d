"""Models of the builtin functions that ask for attributes and types, or make them."""

from __future__ import annotations

from collections.abc import Callable

from flake8_forksafe.interpreter import (
    assignments,
    attributes,
    class_errors,
    definitions,
    errors,
    import_statements,
    instances,
    iteration,
    special_methods,
)
from flake8_forksafe.interpreter.bounds import share
from flake8_forksafe.interpreter.containers import Items, NamesTable, Table
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import (
    FALSE,
    NONE,
    TRUE,
    UNKNOWN,
    Arguments,
    Choice,
    Class,
    Descriptor,
    External,
    FilePath,
    Function,
    Instance,
    Literal,
    Method,
    ModuleValue,
    Partial,
    Value,
    join,
    options,
    text,
    texts,
)
from flake8_forksafe.library import builtin_iteration
from flake8_forksafe.library.standard_import import note_unknown
from flake8_forksafe.project.layout import absolute


def get_attribute(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    holder, name, default = arguments.get(0, "object"), arguments.get(1, "name"), arguments.get(2, "default")
    names = [found for option in options(name or UNKNOWN) if (found := text(option)) is not None]
    if holder is None or not names:
        return UNKNOWN
    if default is None:
        return join(*(machine.attribute(holder, found, frame) for found in names))
    return join(*(attribute_or(machine, holder, found, default, frame) for found in names))


def attribute_or(machine: Machine, holder: Value, name: str, default: Value, frame: Frame) -> Value:
    """``getattr(holder, name, default)``."""
    known, value = _looked_up(machine, holder, name, frame)
    return default if known is False else value if known else join(value, default)


def has(machine: Machine, holder: Value, name: str, frame: Frame) -> bool | None:
    """Whether a value has an attribute; None if that is not known."""
    return _looked_up(machine, holder, name, frame)[0]


def _looked_up(machine: Machine, holder: Value, name: str, frame: Frame) -> tuple[bool | None, Value]:
    """Whether a value has an attribute, and the attribute."""
    if _lacks(holder, name):
        return False, UNKNOWN
    before, machine.errors.possible = machine.errors.possible, []
    doubt = machine.journal.doubt
    machine.errors.catchers.append([External("builtins.AttributeError")])
    try:
        value = machine.attribute(holder, name, frame)
        unsure = bool(machine.errors.possible)
    except Raised as error:
        machine.journal.doubt = doubt
        if errors.matches(error.value, External("builtins.AttributeError")):
            return False, UNKNOWN
        raise
    finally:
        machine.errors.catchers.pop()
        machine.errors.possible = before
    if isinstance(holder, (Instance, Class)) and value is UNKNOWN and not _is_set(holder, name):
        outside = any(isinstance(base, External) and base.path != "builtins.object" for base in
                      (holder.cls if isinstance(holder, Instance) else holder).mro())  # fmt: skip
        return None if outside or not isinstance(holder, Class) else False, value
    if isinstance(value, External) and value.receiver is holder:
        return None, value
    is_unclear = isinstance(holder, (External, Choice)) or (value is UNKNOWN and not _is_set(holder, name))
    return None if unsure or is_unclear else True, value


def _is_set(holder: Value, name: str) -> bool:
    """Whether an object or a class of the program has an attribute that a name is bound to."""
    if isinstance(holder, Instance):
        return name in holder.names or special_methods.class_attribute(holder.cls, name) is not None
    return special_methods.class_attribute(holder, name) is not None


def _lacks(holder: Value, name: str) -> bool:
    """Whether a value is of a builtin type that has no such attribute; other plain ones may be members of an Enum."""
    if isinstance(holder, Literal):
        return isinstance(holder.value, bool | None) and not hasattr(holder.value, name)
    if isinstance(holder, Instance) and name == "__dict__":
        return class_errors.refuses(holder, name)
    if isinstance(holder, Items) and holder.kind in ("list", "set"):
        return not (hasattr(list, name) or hasattr(set, name))
    return False


def has_attribute(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    holder, name = arguments.get(0, "object"), text(arguments.get(1, "name"))
    if holder is None or name is None:
        return UNKNOWN
    answer = has(machine, holder, name, frame)
    return UNKNOWN if answer is None else Literal(answer)


def set_attribute(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    holder, name, value = arguments.get(0, ""), text(arguments.get(1, "")), arguments.get(2, "")
    if holder is not None and name is not None and value is not None:
        assignments.set_attribute(machine, holder, name, value, frame)
    elif isinstance(holder, ModuleValue):
        holder.module.open = True  # as with globals(): what is put in there under a computed name is not followed
        assignments.note_unknown_names(machine, holder.module.names, frame)
    return NONE


def delete_attribute(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    holder, name = arguments.get(0, ""), text(arguments.get(1, ""))
    if holder is not None and name is not None:
        assignments.delete_attribute(machine, holder, name, frame)
    return NONE


def object_method(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``object.__getattribute__``, ``__setattr__`` and ``__delattr__``, with or without a receiver."""
    given = arguments.positional if function.receiver is None else (function.receiver, *arguments.positional)
    holder, name = (given[0], text(given[1])) if len(given) > 1 else (None, None)
    if not isinstance(holder, Instance) or name is None:
        return UNKNOWN
    if function.path.endswith("__getattribute__"):
        return attributes.own_or_inherited(machine, holder, name, frame)
    if function.path.endswith("__setattr__") and len(given) > 2:
        assignments.store(machine, holder.names, name, given[2], True)
    elif function.path.endswith("__delattr__"):
        assignments.remove(machine, holder.names, name, True)
    return NONE


TYPES: dict[str, tuple[type, ...]] = {
    "builtins.str": (str,), "builtins.bytes": (bytes,), "builtins.int": (int,), "builtins.float": (float,),
    "builtins.bool": (bool,), "builtins.complex": (complex,), "types.NoneType": (type(None),),
}  # fmt: skip


def is_instance(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    value, kind = arguments.get(0, ""), arguments.get(1, "")
    if value is None or kind is None:
        return UNKNOWN
    answers = {instance_of(option, kind) for option in options(value)}
    answer = answers.pop() if len(answers) == 1 else None
    return UNKNOWN if answer is None else Literal(answer)


def instance_of(value: Value, kind: Value) -> bool | None:
    """Whether a value is an instance of a class or of one of a tuple of classes."""
    if isinstance(kind, Items):
        answers = [instance_of(value, item.value) for item in kind.items]
        return True if True in answers else (None if None in answers or not kind.complete else False)
    if isinstance(kind, Class):
        if isinstance(value, Instance):
            return derives(value.cls, kind)
        return False if isinstance(value, (Literal, Items, Table, Function, ModuleValue)) else None
    if not isinstance(kind, External):
        return None
    if isinstance(value, Literal):
        return isinstance(value.value, TYPES[kind.path]) if kind.path in TYPES else _other_type(kind)
    if isinstance(value, Items):
        return kind.path == f"builtins.{value.kind}" or _abstract(kind)
    if isinstance(value, Table):
        return kind.path == "builtins.dict" or _abstract(kind)
    if isinstance(value, (Class, Function, ModuleValue)):
        own = {Class: "builtins.type", Function: "types.FunctionType", ModuleValue: "types.ModuleType"}[type(value)]
        return True if kind.path in (own, "builtins.object") else _other_type(kind)
    if isinstance(value, External) and value.path == f"{kind.path}()":
        return True
    return None


def derives(cls: Class, kind: Class) -> bool | None:
    """Whether a class is one or derives from it; None if that class decides itself: an abstract one, say."""
    if kind in list(cls.mro()):
        return True
    order = list(kind.mro())
    is_abstract = any(isinstance(base, External) and base.path == "abc.ABC" for base in order) or any(
        isinstance(base, Class) and base.metaclass is not None for base in order
    )
    return None if is_abstract else False


def _other_type(kind: External) -> bool | None:
    return False if kind.path.startswith("builtins.") and kind.path != "builtins.object" else None


def _abstract(kind: External) -> bool | None:
    """Whether a container is an instance of what may be an abstract class."""
    return None if kind.path.startswith(("collections.", "typing.")) else _other_type(kind)


def is_subclass(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    cls, kind = arguments.get(0, ""), arguments.get(1, "")
    if not isinstance(cls, Class) or kind is None:
        return FALSE if isinstance(cls, Function) else UNKNOWN
    kinds = [item.value for item in kind.items] if isinstance(kind, Items) else [kind]
    order = list(cls.mro())
    for wanted in kinds:
        if any(base is wanted or (isinstance(base, External) and isinstance(wanted, External)
                                  and base.path == wanted.path) for base in order):  # fmt: skip
            return TRUE
    if any(isinstance(wanted, Class) and derives(cls, wanted) is None for wanted in kinds):
        return UNKNOWN
    outside = any(isinstance(base, External) for base in order)
    return UNKNOWN if outside and any(isinstance(wanted, External) for wanted in kinds) else FALSE


def type_of(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    if len(arguments.positional) == 3:
        name, bases, namespace = arguments.positional
        names = {key: item.value for key, item in namespace.entries.items() if isinstance(key, str)} if isinstance(
            namespace, Table) else {}  # fmt: skip
        inherited = iteration.iterate(machine, bases, frame)
        return Class(text(name) or "?", frame.module, tuple(item.value for item in inherited.items), names)
    value = arguments.get(0, "")
    if isinstance(value, Instance):
        return value.cls
    if isinstance(value, Class):
        return value.metaclass or External("builtins.type")
    if isinstance(value, Literal):
        return External("types.NoneType" if value.value is None else f"builtins.{type(value.value).__name__}")
    return UNKNOWN


def new_type(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``super().__new__(...)`` in a metaclass: the class that is being created, with the namespace that is passed."""
    cls = machine.created
    if cls is None:
        return UNKNOWN
    namespace = arguments.get(3, "")
    if isinstance(namespace, Table):
        cls.names.update({key: item.value for key, item in namespace.entries.items() if isinstance(key, str)})
    definitions.complete_class(machine, cls, arguments.keywords, frame)
    return cls


def call_type(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``super().__call__(...)`` in a metaclass: creates an object."""
    cls = function.receiver
    return instances.create(machine, cls, arguments, frame) if isinstance(cls, Class) else UNKNOWN


def subclasses(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    cls = function.receiver
    if not isinstance(cls, Class):
        return UNKNOWN
    direct = [item for item in cls.subclasses if isinstance(item.value, Class) and cls in item.value.bases]
    return iteration.from_items(machine, "list", direct)


def descriptor(kind: str) -> Callable[[Machine, External, Arguments, Frame], Value]:
    """A model of ``property``, ``classmethod``, ``staticmethod``."""

    def model(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
        inner = arguments.get(0, "fget")
        return UNKNOWN if inner is None else Descriptor(kind, inner)

    return model


def names_of(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``vars``, ``globals``, ``locals``: a view, so changes to it change the names."""
    holder = arguments.get(0, "")
    if holder is None:
        if function.path.endswith("globals"):
            frame.module.open = True  # what is put in there under a computed name is not followed
        return _table_of(machine, frame.module.names if function.path.endswith("globals") else frame.names)
    if isinstance(holder, ModuleValue):
        holder.module.open = True
        return _table_of(machine, holder.module.names)
    if isinstance(holder, Class):
        return attributes.class_namespace(machine, holder)
    if isinstance(holder, External) and holder.path == "builtins.object":
        return machine.table(dict.fromkeys(vars(object), UNKNOWN))
    return _table_of(machine, holder.names) if isinstance(holder, Instance) else UNKNOWN


def _table_of(machine: Machine, names: dict[str, Value]) -> Value:
    """A mapping of names, which are copied."""
    machine.step(share(len(names)))
    return NamesTable(machine.journal.certain, names, machine.write)


def directory(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    holder = arguments.get(0, "")
    names: dict[str, Value] | None = None
    own = holder.module.names.get("__dir__") if isinstance(holder, ModuleValue) else None
    if own is not None:
        told = machine.call(own, Arguments(), frame)
    else:
        told = special_methods.call(machine, holder or UNKNOWN, "__dir__", (), frame) or NONE
    if told is not NONE:
        return builtin_iteration.sequence("list")(machine, External("builtins.sorted"), Arguments((told,)), frame)
    if holder is None:
        names = frame.names
    elif isinstance(holder, ModuleValue):
        names = holder.module.names
    elif isinstance(holder, (Instance, Class)):
        cls = holder.cls if isinstance(holder, Instance) else holder
        names = {name: value for base in cls.mro() if isinstance(base, Class) for name, value in base.names.items()}
    if names is None:
        return Items("list", (), machine.journal.doubt, complete=False)
    machine.step(share(len(names)))
    return machine.items("list", [Literal(name) for name in sorted(names)])


def is_callable(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "")
    if isinstance(value, (Function, Class, Method, Partial)):
        return TRUE
    return FALSE if isinstance(value, (Literal, Items, Table, FilePath, ModuleValue)) else UNKNOWN


def import_(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``__import__(name)``: returns the top package unless ``fromlist`` is given."""
    name, level = text(arguments.get(0, "name")), arguments.get(4, "level")
    dots = level.value if isinstance(level, Literal) else 0 if level is None else None
    if name is None or not isinstance(dots, int):
        note_unknown(machine, frame)
        return UNKNOWN
    whole = absolute(frame.module.package, dots, name)
    value = machine.import_name(whole, frame) if whole else None
    if value is None:
        return machine.fail("ModuleNotFoundError")
    fromlist = arguments.get(3, "fromlist") or NONE
    for item in iteration.iterate(machine, fromlist, frame).items:
        for member in texts(item.value):
            with machine.doubted(not item.sure or isinstance(item.value, Choice)):
                import_statements.import_submodule(machine, value, member, frame)
    top = machine.imports.modules.get(name.partition(".")[0])
    holds = truth(fromlist)
    if holds or (top is None and holds is False) or dots:
        return value
    outer = machine.external(name.partition(".")[0]) if top is None else ModuleValue(top)
    return outer if holds is False else join(value, outer)


def with_accessor(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@name.setter`` and ``@name.deleter`` of a property."""
    inner, accessor = arguments.get(0, "") or UNKNOWN, arguments.get(1, "")
    if not isinstance(inner, Descriptor):
        return inner
    if function.path.endswith("setter"):
        return Descriptor(inner.kind, inner.function, accessor, inner.deleter)
    return Descriptor(inner.kind, inner.function, inner.setter, accessor)


def first_argument(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Something that returns what it is given."""
    return arguments.positional[0] if arguments.positional else UNKNOWN
