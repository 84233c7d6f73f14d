"""Models of the standard library, as far as it decides what is imported."""

from __future__ import annotations

import fnmatch
import os
import os.path
from collections.abc import Callable
from typing import TYPE_CHECKING

from flake8_forksafe.interpreter import sequences
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
    from flake8_forksafe.interpreter.walk import Walk

Model = Callable[["Walk", External, Arguments, "Frame"], Value]


# --- importing --------------------------------------------------------------------------------------------------


def import_module(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``importlib.import_module(name, package)``."""
    name, package = arguments.get(0, "name"), arguments.get(1, "package")
    if name is None:
        return UNKNOWN
    results = []
    for option in options(name):
        with walk.doubted(len(options(name)) > 1):
            results.append(_import_text(walk, text(option), text(package), frame))
    if not texts(name) and frame.module.found.origin == FIRST_PARTY:
        walk.note("FS192", frame, "the name of the module that is imported here cannot be resolved")
    return join(*results)


def _import_text(walk: Walk, name: str | None, package: str | None, frame: Frame) -> Value:
    if not name:
        walk.unresolved += 1
        walk.may_fail(External("builtins.ImportError()"))
        return UNKNOWN
    if name.startswith("."):
        level = len(name) - len(name.lstrip("."))
        base = package or ""
        for _ in range(level - 1):
            base = base.rpartition(".")[0]
        name = f"{base}.{name.lstrip('.')}".rstrip(".")
    value = walk.import_name(name, frame)
    return walk.fail("ModuleNotFoundError") if value is None else value


def import_string(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``import_string("package.module.attribute")`` in its many spellings (Django, werkzeug, kombu, pydoc, ...)."""
    name = arguments.get(0, "dotted_path")
    results: list[Value] = []
    for option in options(name) if name is not None else ():
        path = text(option)
        with walk.doubted(len(options(name or UNKNOWN)) > 1):
            results.append(import_path(walk, path, frame) if path else UNKNOWN)
    if not results or UNKNOWN in results:
        walk.unresolved += 1
        walk.may_fail(External("builtins.ImportError()"))
    return join(*results) if results else UNKNOWN


def import_path(walk: Walk, path: str, frame: Frame) -> Value:
    """Import what a dotted path (or ``module:attribute``) names: a module, or an attribute of one."""
    module, attribute = split_spec(path)
    if not attribute:
        whole, (module, _, attribute) = module, module.rpartition(".")
        if not module or walk.layout.find(whole) is not None:
            value = walk.import_name(whole, frame)
            return walk.fail("ModuleNotFoundError") if value is None else value
    value = walk.import_name(module, frame)
    if value is None:
        return walk.fail("ImportError")
    for part in attribute.split(".") if attribute else ():
        value = walk.attribute(value, part, frame)
    return value


def find_spec(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``importlib.util.find_spec``: imports the parents only; None if there is no such module."""
    name = text(arguments.get(0, "name"))
    if not name or name.startswith("."):
        return UNKNOWN
    found = walk.layout.find(name)
    if found is not None:
        return External("importlib.machinery.ModuleSpec()")
    parent = name.rpartition(".")[0]
    top = walk.layout.find(name.partition(".")[0])
    if parent and top is not None and top.path is not None:
        return NONE
    installed = walk.presence(name.partition(".")[0])
    return UNKNOWN if installed is not False else NONE


def iter_modules(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``pkgutil.iter_modules`` and ``walk_packages`` over first-party directories."""
    path, prefix = arguments.get(0, "path"), text(arguments.get(1, "prefix")) or ""
    items = sequences.iterate(walk, path, frame) if path is not None else None
    if items is None or not items.complete:
        return Items("iterator", (), walk.doubt, complete=False)
    locations = tuple(found for item in items.items if (found := sequences.path_text(item.value)) is not None)
    if len(locations) != len(items.items):
        return Items("iterator", (), walk.doubt, complete=False)
    deep = function.path.endswith("walk_packages")
    return Items("iterator", _module_infos(walk, locations, prefix, deep, frame), walk.doubt)


def _module_infos(walk: Walk, locations: tuple[str, ...], prefix: str, deep: bool, frame: Frame) -> list[Item]:
    infos = []
    for name, is_package in walk.layout.names_in(locations):
        info = Items("ModuleInfo", [Item(UNKNOWN), Item(Literal(prefix + name)), Item(Literal(is_package))], walk.doubt)
        infos.append(Item(info))
        if deep and is_package:
            walk.import_name(prefix + name, frame)
            inner = tuple(os.path.join(location, name) for location in locations)
            infos += _module_infos(walk, inner, f"{prefix}{name}.", deep, frame)
    return infos


# --- functions of functions -------------------------------------------------------------------------------------


def partial(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    if not arguments.positional:
        return UNKNOWN
    inner = Arguments(arguments.positional[1:], arguments.keywords, arguments.complete)
    return Partial(arguments.positional[0], inner)


def cached_property(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    inner = arguments.get(0, "func")
    return UNKNOWN if inner is None else Descriptor("property", inner)


def class_property(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Descriptor("property", arguments.positional[0]) if arguments.positional else UNKNOWN


def second_argument(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    return arguments.positional[1] if len(arguments.positional) > 1 else UNKNOWN


def wrapper(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.wraps(f)`` applied: the function it decorates."""
    return arguments.positional[0] if arguments.positional else UNKNOWN


def copied(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``copy.copy`` and ``copy.deepcopy`` of containers."""
    if not is_small(arguments.get(0, "x") or UNKNOWN):
        return UNKNOWN
    return _copy(walk, arguments.get(0, "x") or UNKNOWN, function.path.endswith("deepcopy"))


def _copy(walk: Walk, value: Value, deep: bool, depth: int = 0) -> Value:
    if isinstance(value, Items):
        items = [Item(_copy(walk, item.value, deep, depth + 1), item.sure) if deep and depth < 20 else item
                 for item in value.items]  # fmt: skip
        return Items(value.kind, items, walk.doubt, value.complete)
    if isinstance(value, Table):
        entries = {key: Item(_copy(walk, item.value, deep, depth + 1), item.sure) if deep and depth < 20 else item
                   for key, item in value.entries.items()}  # fmt: skip
        return Table(entries, walk.doubt, value.complete)
    return value


def chain(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    sources = list(arguments.positional)
    if function.path.endswith("from_iterable"):
        sources = [item.value for item in sequences.iterate(walk, sources[0], frame).items] if sources else []
    found = [sequences.iterate(walk, source, frame) for source in sources]
    items = (item for source in found for item in source.items)
    return Items("iterator", items, walk.doubt, all(source.complete for source in found))


def reduce(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``functools.reduce(function, iterable, initial)``."""
    step, source = arguments.get(0, "function"), arguments.get(1, "iterable")
    if step is None or source is None:
        return UNKNOWN
    found = sequences.iterate(walk, source, frame)
    initial = arguments.get(2, "initial")
    items = list(found.items) if initial is None else [Item(initial), *found.items]
    if not items:
        return UNKNOWN
    value = items[0].value
    for item in items[1:]:
        with walk.doubted(not item.sure):
            value = walk.call(step, Arguments((value, item.value)), frame)
    return value if sequences.is_known(found) else UNKNOWN


def default_dictionary(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Table({}, walk.doubt, complete=False)


def ordered_dictionary(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    from flake8_forksafe.library.iteration import dictionary

    return dictionary(walk, function, arguments, frame)


def double_ended_queue(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    from flake8_forksafe.library.iteration import sequence

    return sequence("list")(walk, function, arguments, frame)


def named_tuple(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    return Class(text(arguments.get(0, "typename")) or "?", frame.module, (), {}, frame.line)


def run_coroutine(walk: Walk, value: Value, frame: Frame) -> Value:
    """``await value`` or ``asyncio.run(value)``."""
    from flake8_forksafe.interpreter.calls import run_function

    if isinstance(value, Coroutine):
        return run_function(walk, value.function, value.arguments, frame)
    return UNKNOWN


def run_awaitables(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    results = [run_coroutine(walk, value, frame) for value in arguments.positional]
    return results[0] if results else UNKNOWN


def start_thread(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Thread(target=f).start()``: ``f`` runs beside the boot, maybe before the fork and maybe after."""
    from flake8_forksafe.interpreter.frames import Frame

    thread = function.receiver
    created = thread.arguments if isinstance(thread, (External, Instance)) else None
    if created is None:
        return NONE
    target = created.get(1, "target")
    if isinstance(thread, Instance):
        run = walk.attribute(thread, "run", frame)
        target = run if not isinstance(run, External) else target
    if target is not None:
        passed = created.get(3, "args")
        positional = sequences.iterate(walk, passed, frame) if passed is not None else None
        inner = Frame(frame.module, frame.node, "function", frame.base)
        inner.line, inner.column, inner.gates, inner.threaded = (
            frame.line,
            frame.column,
            frame.gates,
            walk.is_sure(frame),
        )
        with walk.doubted():
            walk.call(target, Arguments(tuple(item.value for item in positional.items) if positional else ()), inner)
    return NONE


# --- paths ------------------------------------------------------------------------------------------------------


def path_function(compute: Callable[..., object]) -> Model:
    """A model of a pure function of ``os.path``."""

    def model(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
        parts = [sequences.path_text(value) for value in arguments.positional]
        if None in parts or not parts or not arguments.complete:
            return UNKNOWN
        result = compute(*parts)
        if isinstance(result, tuple):
            return walk.items("tuple", [Literal(part) for part in result])
        return Literal(result) if isinstance(result, (str, bool)) else UNKNOWN

    return model


def _absolute(path: str) -> str | None:
    return os.path.normpath(path) if os.path.isabs(path) else None


def exists(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.path.exists``, ``isfile``, ``isdir`` and the methods of ``Path``: known inside the project only."""
    path = sequences.path_text(function.receiver) or sequences.path_text(arguments.get(0, "path"))
    if path is None or not inside(walk, path):
        return UNKNOWN
    disk, kind = walk.layout.disk, function.path.rpartition(".")[2]
    path = os.path.normpath(path)
    is_file, is_directory = disk.is_file(path), disk.is_directory(path)
    answer = {"isfile": is_file, "is_file": is_file, "isdir": is_directory, "is_dir": is_directory}
    if not (is_file or is_directory):
        return UNKNOWN  # a file may be missing here (local settings, secrets) and exist where the worker runs
    return Literal(answer.get(kind, True))


def inside(walk: Walk, path: str) -> bool:
    """Whether a path lies in the project or the environment."""
    return os.path.isabs(path) and any(
        path == root or path.startswith(root + os.sep) for root in (*walk.layout.roots, *walk.layout.environment)
    )


def list_directory(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.listdir``, ``Path.iterdir``, ``glob.glob``, ``Path.glob`` and ``rglob`` inside the project."""
    receiver = sequences.path_text(function.receiver)
    argument = sequences.path_text(arguments.get(0, "pathname"))
    name = function.path.rpartition(".")[2]
    pattern: str | None = "*"
    directory = receiver or argument
    if name in ("glob", "iglob", "rglob") and receiver is not None:
        pattern = argument
    elif name in ("glob", "iglob"):
        directory, _, pattern = (argument or "").rpartition("/")
    deep = name == "rglob" or "**" in (pattern or "")
    if not directory or not pattern or not inside(walk, directory):
        return Items("list", (), walk.doubt, complete=False)
    found = _matching(walk, os.path.normpath(directory), pattern, deep)
    if name == "listdir":
        return walk.items("list", [Literal(os.path.basename(path)) for path in found])
    wrap: Callable[[str], Value] = FilePath if receiver is not None or name in ("iterdir",) else Literal
    return walk.items("list", [wrap(path) for path in found])


def _matching(walk: Walk, directory: str, pattern: str, deep: bool) -> list[str]:
    """Paths below a directory that match a pattern, sorted, at most some thousand."""
    disk = walk.layout.disk
    prefix, _, last = pattern.replace("**/", "").rpartition("/")
    if prefix:
        return [
            found for base in _matching(walk, directory, prefix, False) for found in _matching(walk, base, last, deep)
        ]
    found: list[str] = []
    folders = [folder for folder, _, _ in disk.tree(directory)] if deep else [directory]
    for folder in folders[:2000]:
        found += [
            os.path.join(folder, name) for name in sorted(disk.listing(folder)) if fnmatch.fnmatchcase(name, last)
        ]
    return found[:10_000]


def path_class(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Path(a, b)``."""
    parts = [sequences.path_text(value) for value in arguments.positional]
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


def same_path(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    return function.receiver or UNKNOWN


def path_joined(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    receiver = function.receiver
    for value in arguments.positional:
        receiver = sequences.binary(walk, "/", receiver or UNKNOWN, value)
    return receiver or UNKNOWN


def path_as_text(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    path = sequences.path_text(function.receiver) or sequences.path_text(arguments.get(0, ""))
    return UNKNOWN if path is None else Literal(path)


def path_parents(walk: Walk, value: External, index: Value, frame: Frame) -> Value:
    """``path.parents[n]``."""
    path = sequences.path_text(value.receiver)
    if path is None or not isinstance(index, Literal) or not isinstance(index.value, int):
        return UNKNOWN
    for _ in range(min(index.value, 50) + 1):
        path = os.path.dirname(path)
    return FilePath(path)


# --- the process ------------------------------------------------------------------------------------------------


def environ(walk: Walk) -> Value:
    """``os.environ``: what is known of it; more may be set."""
    return walk.environ


def getenv(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    from flake8_forksafe.library.methods import mapping_method

    return mapping_method(walk, External("builtins.dict.get", walk.environ), arguments, frame)


def putenv(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.putenv``: native libraries see it, ``os.environ`` does not."""
    name, value = text(arguments.get(0, "name")), arguments.get(1, "value")
    if name is not None and value is not None:
        walk.record_setting(name, value, frame)
    return NONE


def limit_threads(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``threadpoolctl.threadpool_limits`` and ``torch.set_num_threads``."""
    walk.record_setting(function.path, arguments.get(0, "limits") or UNKNOWN, frame)
    return External(f"{function.path}()", None, arguments)


def argv(walk: Walk) -> Value:
    """``sys.argv`` in each launch form."""
    walk.sensed += 1
    return walk.sense(join(*(walk.items("list", [Literal(part) for part in form]) for form in walk.process.argv)))


def version_info(walk: Walk) -> Value:
    """``sys.version_info`` of the lowest and the highest Python the project may run on."""
    versions = walk.process.versions
    if not versions:
        return UNKNOWN
    rest = (99, "final", 0)
    tuples = [walk.items("version_info", [Literal(part) for part in (*version, *rest)]) for version in versions]
    return join(*tuples)


def platform(walk: Walk) -> Value:
    return UNKNOWN if walk.process.platform is None else Literal(walk.process.platform)


def os_name(walk: Walk) -> Value:
    known = walk.process.platform
    return UNKNOWN if known is None else Literal("nt" if known == "win32" else "posix")


def loaded_module(walk: Walk, value: External, index: Value, frame: Frame) -> Value:
    """``sys.modules[name]``."""
    module = walk.modules.get(text(index) or "")
    return UNKNOWN if module is None else ModuleValue(module)


def extend_path(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``sys.path.insert``, ``append``, ``extend``: from now on modules are found there too."""
    values = [*arguments.positional]
    if function.path.endswith("extend") and values:
        values = [item.value for item in sequences.iterate(walk, values[0], frame).items]
    for value in values:
        for option in options(value):
            path = sequences.path_text(option)
            if path is not None and os.path.isabs(path):
                walk.layout.add_root(os.path.normpath(path), function.path.endswith("insert"))
    return NONE


def cast(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    return arguments.get(1, "val") or UNKNOWN


def members(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``inspect.getmembers(holder, predicate)`` of a module, a class or an object."""
    holder, predicate = arguments.get(0, "object"), arguments.get(1, "predicate")
    if isinstance(holder, (Instance, Class)):
        values, complete = _attributes(walk, holder, frame), holder_is_closed(holder)
    elif isinstance(holder, ModuleValue):
        values, complete = dict(holder.module.contents), not holder.module.open
    else:
        return Items("list", (), walk.doubt, complete=False)
    found = []
    for name, value in sorted(values.items()):
        answer: bool | None = True
        if predicate is not None:
            answer = truth(walk.call(predicate, Arguments((value,)), frame))
        if answer is not False:
            found.append(Item(walk.items("tuple", [Literal(name), value]), answer is True))
    return Items("list", found, walk.doubt, complete)


def _attributes(walk: Walk, holder: Instance | Class, frame: Frame) -> dict[str, Value]:
    """The attributes of an object or a class, those of its bases included; properties are evaluated."""
    order = (holder.cls if isinstance(holder, Instance) else holder).mro()
    names = dict.fromkeys(name for base in order if isinstance(base, Class) for name in base.names)
    names.update(dict.fromkeys(holder.names))
    return {name: walk.attribute(holder, name, frame) for name in names}


def holder_is_closed(holder: Instance | Class) -> bool:
    """Whether all bases of a class are of the project."""
    order = (holder.cls if isinstance(holder, Instance) else holder).mro()
    return all(isinstance(base, Class) or base.path == "builtins.object" for base in order)


def is_class(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "object")
    if isinstance(value, Class):
        return TRUE
    return FALSE if isinstance(value, (Function, Literal, Items, Table, ModuleValue, Instance, FilePath)) else UNKNOWN


def is_function(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    value = arguments.get(0, "object")
    if isinstance(value, Function):
        return TRUE
    return FALSE if isinstance(value, (Class, Literal, Items, Table, ModuleValue, Instance, FilePath)) else UNKNOWN


def load_from_file(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``importlib.util.spec_from_file_location(name, path)``."""
    return External("importlib.machinery.ModuleSpec()", None, arguments)


def module_from_spec(walk: Walk, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``module_from_spec(spec)``: the module, which ``spec.loader.exec_module`` would fill."""
    spec = arguments.get(0, "spec")
    if not isinstance(spec, External) or spec.arguments is None:
        return UNKNOWN
    name, paths = text(spec.arguments.get(0, "name")), texts(spec.arguments.get(1, "location"))
    path = sequences.path_text(spec.arguments.get(1, "location")) or (paths[0] if paths else None)
    if not name or path is None or not inside(walk, path) or not walk.layout.disk.is_file(path):
        return UNKNOWN
    return walk.load_file(Found(name, path, False, (), "first-party"), frame)


VALUES: dict[str, Callable[[Walk], Value]] = {
    "os.environ": environ,
    "sys.argv": argv,
    "sys.version_info": version_info,
    "sys.platform": platform,
    "os.name": os_name,
    "os.sep": lambda walk: Literal("/"),
    "typing.TYPE_CHECKING": lambda walk: FALSE,
    "typing_extensions.TYPE_CHECKING": lambda walk: FALSE,
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
