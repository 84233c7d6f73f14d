"""Models of the standard library, as far as it decides what is imported."""

from __future__ import annotations

import fnmatch
import os
import os.path
from collections.abc import Callable
from typing import TYPE_CHECKING

from flake8_forksafe.interpreter import arithmetic, file_paths, identity, iterating
from flake8_forksafe.interpreter.bounds import is_small
from flake8_forksafe.interpreter.values import (
    FALSE,
    NONE,
    TRUE,
    UNKNOWN,
    Arguments,
    Class,
    Coroutine,
    Descriptor,
    External,
    FilePath,
    Function,
    Instance,
    Item,
    Items,
    Literal,
    ModuleValue,
    Partial,
    Table,
    Value,
    join,
    options,
    text,
    texts,
    truth,
)
from flake8_forksafe.project.found import split_spec
from flake8_forksafe.project.layout import FIRST_PARTY, Found

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.frames import Frame
    from flake8_forksafe.interpreter.machine import Machine

Model = Callable[["Machine", External, Arguments, "Frame"], Value]


# --- importing --------------------------------------------------------------------------------------------------


def import_module(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``importlib.import_module(name, package)``."""
    name, package = arguments.get(0, "name"), arguments.get(1, "package")
    if name is None:
        return UNKNOWN
    results = []
    for option in options(name):
        with machine.doubted(len(options(name)) > 1):
            results.append(_import_text(machine, text(option), text(package), frame))
    if not texts(name) and frame.module.found.origin == FIRST_PARTY:
        machine.note("FS192", frame, "the name of the module that is imported here cannot be resolved")
    return join(*results)


def _import_text(machine: Machine, name: str | None, package: str | None, frame: Frame) -> Value:
    if not name:
        machine.recorder.unresolved += 1
        machine.may_fail(External("builtins.ImportError()"))
        return UNKNOWN
    if name.startswith("."):
        level = len(name) - len(name.lstrip("."))
        base = package or ""
        for _ in range(level - 1):
            base = base.rpartition(".")[0]
        name = f"{base}.{name.lstrip('.')}".rstrip(".")
    value = machine.import_name(name, frame)
    return machine.fail("ModuleNotFoundError") if value is None else value


def import_string(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``import_string("package.module.attribute")`` in its many spellings (Django, werkzeug, kombu, pydoc, ...)."""
    name = arguments.get(0, "dotted_path")
    results: list[Value] = []
    for option in options(name) if name is not None else ():
        path = text(option)
        with machine.doubted(len(options(name or UNKNOWN)) > 1):
            results.append(import_path(machine, path, frame) if path else UNKNOWN)
    if not results or UNKNOWN in results:
        machine.recorder.unresolved += 1
        machine.may_fail(External("builtins.ImportError()"))
    return join(*results) if results else UNKNOWN


def import_path(machine: Machine, path: str, frame: Frame) -> Value:
    """Import what a dotted path (or ``module:attribute``) names: a module, or an attribute of one."""
    module, attribute = split_spec(path)
    if not attribute:
        whole, (module, _, attribute) = module, module.rpartition(".")
        if not module or machine.imports.layout.find(whole) is not None:
            value = machine.import_name(whole, frame)
            return machine.fail("ModuleNotFoundError") if value is None else value
    value = machine.import_name(module, frame)
    if value is None:
        return machine.fail("ImportError")
    for part in attribute.split(".") if attribute else ():
        value = machine.attribute(value, part, frame)
    return value


def find_spec(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``importlib.util.find_spec``: imports the parents only; None if there is no such module."""
    name = text(arguments.get(0, "name"))
    if not name or name.startswith("."):
        return UNKNOWN
    found = machine.imports.layout.find(name)
    if found is not None:
        return External("importlib.machinery.ModuleSpec()")
    parent = name.rpartition(".")[0]
    top = machine.imports.layout.find(name.partition(".")[0])
    if parent and top is not None and top.path is not None:
        return NONE
    installed = machine.imports.presence(name.partition(".")[0])
    return UNKNOWN if installed is not False else NONE


def iter_modules(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``pkgutil.iter_modules`` and ``walk_packages`` over first-party directories."""
    path, prefix = arguments.get(0, "path"), text(arguments.get(1, "prefix")) or ""
    items = iterating.iterate(machine, path, frame) if path is not None else None
    if items is None or not items.complete:
        return Items("iterator", (), machine.journal.doubt, complete=False)
    locations = tuple(found for item in items.items if (found := file_paths.path_text(item.value)) is not None)
    if len(locations) != len(items.items):
        return Items("iterator", (), machine.journal.doubt, complete=False)
    deep = function.path.endswith("walk_packages")
    return Items("iterator", _module_infos(machine, locations, prefix, deep, frame), machine.journal.doubt)


def _module_infos(machine: Machine, locations: tuple[str, ...], prefix: str, deep: bool, frame: Frame) -> list[Item]:
    infos = []
    for name, is_package in machine.imports.layout.names_in(locations):
        info = Items(
            "ModuleInfo",
            [Item(UNKNOWN), Item(Literal(prefix + name)), Item(Literal(is_package))],
            machine.journal.doubt,
        )
        infos.append(Item(info))
        if deep and is_package:
            machine.import_name(prefix + name, frame)
            inner = tuple(os.path.join(location, name) for location in locations)
            infos += _module_infos(machine, inner, f"{prefix}{name}.", deep, frame)
    return infos


# --- functions of functions -------------------------------------------------------------------------------------


def partial(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    if not arguments.positional:
        return UNKNOWN
    inner = Arguments(arguments.positional[1:], arguments.keywords, arguments.complete)
    return Partial(arguments.positional[0], inner)


def cached_property(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    inner = arguments.get(0, "func")
    return UNKNOWN if inner is None else Descriptor("property", inner)


def class_property(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Descriptor("property", arguments.positional[0]) if arguments.positional else UNKNOWN


def second_argument(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return arguments.positional[1] if len(arguments.positional) > 1 else UNKNOWN


def wrapper(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.wraps(f)`` applied: the function it decorates."""
    return arguments.positional[0] if arguments.positional else UNKNOWN


def copied(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``copy.copy`` and ``copy.deepcopy`` of containers."""
    if not is_small(arguments.get(0, "x") or UNKNOWN):
        return UNKNOWN
    return _copy(machine, arguments.get(0, "x") or UNKNOWN, function.path.endswith("deepcopy"))


def _copy(machine: Machine, value: Value, deep: bool, depth: int = 0) -> Value:
    if isinstance(value, Items):
        items = [Item(_copy(machine, item.value, deep, depth + 1), item.sure) if deep and depth < 20 else item
                 for item in value.items]  # fmt: skip
        return Items(value.kind, items, machine.journal.doubt, value.complete)
    if isinstance(value, Table):
        entries = {key: Item(_copy(machine, item.value, deep, depth + 1), item.sure) if deep and depth < 20 else item
                   for key, item in value.entries.items()}  # fmt: skip
        return Table(entries, machine.journal.doubt, value.complete)
    return value


def chain(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    sources = list(arguments.positional)
    if function.path.endswith("from_iterable"):
        sources = [item.value for item in iterating.iterate(machine, sources[0], frame).items] if sources else []
    found = [iterating.iterate(machine, source, frame) for source in sources]
    items = (item for source in found for item in source.items)
    return Items("iterator", items, machine.journal.doubt, all(source.complete for source in found))


def reduce(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.reduce(function, iterable, initial)``."""
    step, source = arguments.get(0, "function"), arguments.get(1, "iterable")
    if step is None or source is None:
        return UNKNOWN
    found = iterating.iterate(machine, source, frame)
    initial = arguments.get(2, "initial")
    items = list(found.items) if initial is None else [Item(initial), *found.items]
    if not items:
        return UNKNOWN
    value = items[0].value
    for item in items[1:]:
        with machine.doubted(not item.sure):
            value = machine.call(step, Arguments((value, item.value)), frame)
    return value if identity.is_known(found) else UNKNOWN


def default_dictionary(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Table({}, machine.journal.doubt, complete=False)


def ordered_dictionary(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    from flake8_forksafe.library.iteration import dictionary

    return dictionary(machine, function, arguments, frame)


def double_ended_queue(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    from flake8_forksafe.library.iteration import sequence

    return sequence("list")(machine, function, arguments, frame)


def named_tuple(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Class(text(arguments.get(0, "typename")) or "?", frame.module, (), {}, frame.line)


def run_coroutine(machine: Machine, value: Value, frame: Frame) -> Value:
    """``await value`` or ``asyncio.run(value)``."""
    from flake8_forksafe.interpreter.calls import run_function

    if isinstance(value, Coroutine):
        return run_function(machine, value.function, value.arguments, frame)
    return UNKNOWN


def run_awaitables(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    results = [run_coroutine(machine, value, frame) for value in arguments.positional]
    return results[0] if results else UNKNOWN


def start_thread(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Thread(target=f).start()``: ``f`` runs beside the boot, maybe before the fork and maybe after."""
    from flake8_forksafe.interpreter.frames import Frame

    thread = function.receiver
    created = thread.arguments if isinstance(thread, (External, Instance)) else None
    if created is None:
        return NONE
    target = created.get(1, "target")
    if isinstance(thread, Instance):
        run = machine.attribute(thread, "run", frame)
        target = run if not isinstance(run, External) else target
    if target is not None:
        passed = created.get(3, "args")
        positional = iterating.iterate(machine, passed, frame) if passed is not None else None
        inner = Frame(frame.module, frame.node, "function", frame.base)
        inner.line, inner.column, inner.gates, inner.threaded = (
            frame.line,
            frame.column,
            frame.gates,
            machine.is_sure(frame),
        )
        with machine.doubted():
            machine.call(target, Arguments(tuple(item.value for item in positional.items) if positional else ()), inner)
    return NONE


# --- paths ------------------------------------------------------------------------------------------------------


def path_function(compute: Callable[..., object]) -> Model:
    """A model of a pure function of ``os.path``."""

    def model(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
        parts = [file_paths.path_text(value) for value in arguments.positional]
        if None in parts or not parts or not arguments.complete:
            return UNKNOWN
        result = compute(*parts)
        if isinstance(result, tuple):
            return machine.items("tuple", [Literal(part) for part in result])
        return Literal(result) if isinstance(result, (str, bool)) else UNKNOWN

    return model


def _absolute(path: str) -> str | None:
    return os.path.normpath(path) if os.path.isabs(path) else None


def exists(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.path.exists``, ``isfile``, ``isdir`` and the methods of ``Path``: known inside the project only."""
    path = file_paths.path_text(function.receiver) or file_paths.path_text(arguments.get(0, "path"))
    if path is None or not inside(machine, path):
        return UNKNOWN
    disk, kind = machine.imports.layout.disk, function.path.rpartition(".")[2]
    path = os.path.normpath(path)
    is_file, is_directory = disk.is_file(path), disk.is_directory(path)
    answer = {"isfile": is_file, "is_file": is_file, "isdir": is_directory, "is_dir": is_directory}
    if not (is_file or is_directory):
        return UNKNOWN  # a file may be missing here (local settings, secrets) and exist where the worker runs
    return Literal(answer.get(kind, True))


def inside(machine: Machine, path: str) -> bool:
    """Whether a path lies in the project or the environment."""
    return os.path.isabs(path) and any(
        path == root or path.startswith(root + os.sep)
        for root in (*machine.imports.layout.roots, *machine.imports.layout.environment)
    )


def list_directory(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.listdir``, ``Path.iterdir``, ``glob.glob``, ``Path.glob`` and ``rglob`` inside the project."""
    receiver = file_paths.path_text(function.receiver)
    argument = file_paths.path_text(arguments.get(0, "pathname"))
    name = function.path.rpartition(".")[2]
    pattern: str | None = "*"
    directory = receiver or argument
    if name in ("glob", "iglob", "rglob") and receiver is not None:
        pattern = argument
    elif name in ("glob", "iglob"):
        directory, _, pattern = (argument or "").rpartition("/")
    deep = name == "rglob" or "**" in (pattern or "")
    if not directory or not pattern or not inside(machine, directory):
        return Items("list", (), machine.journal.doubt, complete=False)
    found = _matching(machine, os.path.normpath(directory), pattern, deep)
    if name == "listdir":
        return machine.items("list", [Literal(os.path.basename(path)) for path in found])
    wrap: Callable[[str], Value] = FilePath if receiver is not None or name in ("iterdir",) else Literal
    return machine.items("list", [wrap(path) for path in found])


def _matching(machine: Machine, directory: str, pattern: str, deep: bool) -> list[str]:
    """Paths below a directory that match a pattern, sorted, at most some thousand."""
    disk = machine.imports.layout.disk
    prefix, _, last = pattern.replace("**/", "").rpartition("/")
    if prefix:
        return [
            found
            for base in _matching(machine, directory, prefix, False)
            for found in _matching(machine, base, last, deep)
        ]
    found: list[str] = []
    folders = [folder for folder, _, _ in disk.tree(directory)] if deep else [directory]
    for folder in folders[:2000]:
        found += [
            os.path.join(folder, name) for name in sorted(disk.listing(folder)) if fnmatch.fnmatchcase(name, last)
        ]
    return found[:10_000]


def path_class(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Path(a, b)``."""
    parts = [file_paths.path_text(value) for value in arguments.positional]
    if not parts or None in parts:
        return UNKNOWN
    return FilePath(os.path.normpath(os.path.join(*(part for part in parts if part is not None))))


def path_attribute(value: FilePath, name: str) -> Value:
    """Attributes of a ``Path``."""
    path = value.path
    stem, suffix = os.path.splitext(os.path.basename(path))
    if name == "parent":
        return FilePath(os.path.dirname(path))
    if name == "name":
        return Literal(os.path.basename(path))
    if name == "stem":
        return Literal(stem)
    if name == "suffix":
        return Literal(suffix)
    if name == "parts":
        return UNKNOWN
    return External(f"pathlib.Path().{name}", value)


def same_path(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return function.receiver or UNKNOWN


def path_joined(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    receiver = function.receiver
    for value in arguments.positional:
        receiver = arithmetic.binary(machine, "/", receiver or UNKNOWN, value)
    return receiver or UNKNOWN


def path_as_text(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    path = file_paths.path_text(function.receiver) or file_paths.path_text(arguments.get(0, ""))
    return UNKNOWN if path is None else Literal(path)


def path_parents(machine: Machine, value: External, index: Value, frame: Frame) -> Value:
    """``path.parents[n]``."""
    path = file_paths.path_text(value.receiver)
    if path is None or not isinstance(index, Literal) or not isinstance(index.value, int):
        return UNKNOWN
    for _ in range(min(index.value, 50) + 1):
        path = os.path.dirname(path)
    return FilePath(path)


# --- the process ------------------------------------------------------------------------------------------------


def environ(machine: Machine) -> Value:
    """``os.environ``: what is known of it; more may be set."""
    return machine.environ


def getenv(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    from flake8_forksafe.library.methods import mapping_method

    return mapping_method(machine, External("builtins.dict.get", machine.environ), arguments, frame)


def putenv(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.putenv``: native libraries see it, ``os.environ`` does not."""
    name, value = text(arguments.get(0, "name")), arguments.get(1, "value")
    if name is not None and value is not None:
        machine.recorder.setting(name, value, frame)
    return NONE


def limit_threads(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``threadpoolctl.threadpool_limits`` and ``torch.set_num_threads``."""
    machine.recorder.setting(function.path, arguments.get(0, "limits") or UNKNOWN, frame)
    return External(f"{function.path}()", None, arguments)


def argv(machine: Machine) -> Value:
    """``sys.argv`` in each launch form."""
    machine.senses.count += 1
    return machine.senses.mark(
        join(*(machine.items("list", [Literal(part) for part in form]) for form in machine.process.argv))
    )


def version_info(machine: Machine) -> Value:
    """``sys.version_info`` of the lowest and the highest Python the project may run on."""
    versions = machine.process.versions
    if not versions:
        return UNKNOWN
    rest = (99, "final", 0)
    tuples = [machine.items("version_info", [Literal(part) for part in (*version, *rest)]) for version in versions]
    return join(*tuples)


def platform(machine: Machine) -> Value:
    return UNKNOWN if machine.process.platform is None else Literal(machine.process.platform)


def os_name(machine: Machine) -> Value:
    known = machine.process.platform
    return UNKNOWN if known is None else Literal("nt" if known == "win32" else "posix")


def loaded_module(machine: Machine, value: External, index: Value, frame: Frame) -> Value:
    """``sys.modules[name]``."""
    module = machine.imports.modules.get(text(index) or "")
    return UNKNOWN if module is None else ModuleValue(module)


def extend_path(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``sys.path.insert``, ``append``, ``extend``: from now on modules are found there too."""
    values = [*arguments.positional]
    if function.path.endswith("extend") and values:
        values = [item.value for item in iterating.iterate(machine, values[0], frame).items]
    for value in values:
        for option in options(value):
            path = file_paths.path_text(option)
            if path is not None and os.path.isabs(path):
                machine.imports.layout.add_root(os.path.normpath(path), function.path.endswith("insert"))
    return NONE


def cast(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return arguments.get(1, "val") or UNKNOWN


def members(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``inspect.getmembers(holder, predicate)`` of a module, a class or an object."""
    holder, predicate = arguments.get(0, "object"), arguments.get(1, "predicate")
    if isinstance(holder, (Instance, Class)):
        values, complete = _attributes(machine, holder, frame), holder_is_closed(holder)
    elif isinstance(holder, ModuleValue):
        values, complete = dict(holder.module.contents), not holder.module.open
    else:
        return Items("list", (), machine.journal.doubt, complete=False)
    found = []
    for name, value in sorted(values.items()):
        answer: bool | None = True
        if predicate is not None:
            answer = truth(machine.call(predicate, Arguments((value,)), frame))
        if answer is not False:
            found.append(Item(machine.items("tuple", [Literal(name), value]), answer is True))
    return Items("list", found, machine.journal.doubt, complete)


def _attributes(machine: Machine, holder: Instance | Class, frame: Frame) -> dict[str, Value]:
    """The attributes of an object or a class, those of its bases included; properties are evaluated."""
    order = (holder.cls if isinstance(holder, Instance) else holder).mro()
    names = dict.fromkeys(name for base in order if isinstance(base, Class) for name in base.names)
    names.update(dict.fromkeys(holder.names))
    return {name: machine.attribute(holder, name, frame) for name in names}


def holder_is_closed(holder: Instance | Class) -> bool:
    """Whether all bases of a class are of the project."""
    order = (holder.cls if isinstance(holder, Instance) else holder).mro()
    return all(isinstance(base, Class) or base.path == "builtins.object" for base in order)


def is_class(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "object")
    if isinstance(value, Class):
        return TRUE
    return FALSE if isinstance(value, (Function, Literal, Items, Table, ModuleValue, Instance, FilePath)) else UNKNOWN


def is_function(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "object")
    if isinstance(value, Function):
        return TRUE
    return FALSE if isinstance(value, (Class, Literal, Items, Table, ModuleValue, Instance, FilePath)) else UNKNOWN


def load_from_file(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``importlib.util.spec_from_file_location(name, path)``."""
    return External("importlib.machinery.ModuleSpec()", None, arguments)


def module_from_spec(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``module_from_spec(spec)``: the module, which ``spec.loader.exec_module`` would fill."""
    spec = arguments.get(0, "spec")
    if not isinstance(spec, External) or spec.arguments is None:
        return UNKNOWN
    name, paths = text(spec.arguments.get(0, "name")), texts(spec.arguments.get(1, "location"))
    path = file_paths.path_text(spec.arguments.get(1, "location")) or (paths[0] if paths else None)
    if not name or path is None or not inside(machine, path) or not machine.imports.layout.disk.is_file(path):
        return UNKNOWN
    return machine.load_file(Found(name, path, False, (), "first-party"), frame)


VALUES: dict[str, Callable[[Machine], Value]] = {
    "os.environ": environ,
    "sys.argv": argv,
    "sys.version_info": version_info,
    "sys.platform": platform,
    "os.name": os_name,
    "os.sep": lambda machine: Literal("/"),
    "typing.TYPE_CHECKING": lambda machine: FALSE,
    "typing_extensions.TYPE_CHECKING": lambda machine: FALSE,
}

ITEMS = {"sys.modules": loaded_module, "pathlib.Path().parents": path_parents}

_SAME = ("resolve", "absolute", "expanduser")

FUNCTIONS: dict[str, Model] = {
    "importlib.import_module": import_module,
    "importlib.util.find_spec": find_spec,
    "importlib.find_loader": find_spec,
    "pkgutil.find_loader": find_spec,
    "importlib.util.spec_from_file_location": load_from_file,
    "importlib.util.module_from_spec": module_from_spec,
    "pkgutil.iter_modules": iter_modules,
    "pkgutil.walk_packages": iter_modules,
    "pkgutil.resolve_name": import_string,
    "pydoc.locate": import_string,
    "functools.partial": partial,
    "functools.reduce": reduce,
    "functools.partialmethod": partial,
    "functools.cached_property": cached_property,
    "functools.wraps()": wrapper,
    "functools.lru_cache()": wrapper,
    "functools.lru_cache": wrapper,
    "functools.cache": wrapper,
    "contextlib.contextmanager": wrapper,
    "abc.abstractproperty": class_property,
    "copy.copy": copied,
    "copy.deepcopy": copied,
    "itertools.chain": chain,
    "itertools.chain.from_iterable": chain,
    "collections.defaultdict": default_dictionary,
    "collections.OrderedDict": ordered_dictionary,
    "collections.deque": double_ended_queue,
    "collections.namedtuple": named_tuple,
    "asyncio.run": run_awaitables,
    "asyncio.get_event_loop().run_until_complete": run_awaitables,
    "asyncio.new_event_loop().run_until_complete": run_awaitables,
    "threading.Thread().start": start_thread,
    "os.putenv": putenv,
    "threadpoolctl.threadpool_limits": limit_threads,
    "torch.set_num_threads": limit_threads,
    "os.path.join": path_function(os.path.join),
    "os.path.dirname": path_function(os.path.dirname),
    "os.path.basename": path_function(os.path.basename),
    "os.path.abspath": path_function(_absolute),
    "os.path.realpath": path_function(_absolute),
    "os.path.normpath": path_function(os.path.normpath),
    "os.path.split": path_function(os.path.split),
    "os.path.splitext": path_function(os.path.splitext),
    "os.path.exists": exists,
    "os.path.isfile": exists,
    "os.path.isdir": exists,
    "os.listdir": list_directory,
    "os.scandir": list_directory,
    "os.fspath": path_as_text,
    "glob.glob": list_directory,
    "glob.iglob": list_directory,
    "os.getenv": getenv,
    "pathlib.Path": path_class,
    "pathlib.PurePath": path_class,
    "pathlib.PosixPath": path_class,
    "pathlib.Path().exists": exists,
    "pathlib.Path().is_file": exists,
    "pathlib.Path().is_dir": exists,
    "pathlib.Path().iterdir": list_directory,
    "pathlib.Path().glob": list_directory,
    "pathlib.Path().rglob": list_directory,
    "pathlib.Path().joinpath": path_joined,
    "pathlib.Path().as_posix": path_as_text,
    "pathlib.Path().__str__": path_as_text,
    **{f"pathlib.Path().{name}": same_path for name in _SAME},
    "sys.path.insert": extend_path,
    "sys.path.append": extend_path,
    "sys.path.extend": extend_path,
    "typing.cast": cast,
    "inspect.getmembers": members,
    "inspect.isclass": is_class,
    "inspect.isfunction": is_function,
}
