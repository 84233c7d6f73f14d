"""uWSGI's options, from its command line, ``UWSGI_*`` variables and the configuration files that they name.

Read in uWSGI 2.0.31 (core/uwsgi.c: ``uwsgi_setup``, ``uwsgi_opt_true``; plugins/python/python_plugin.c:
``uwsgi_python_options``, ``uwsgi_python_init_apps``) and compared with runs of 2.0.30:
variables come first, then the command line, then the files; the last value counts, but lists grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from flake8_forksafe.deployment.celery_command import WorkerCommand
from flake8_forksafe.deployment.model import Word

PROGRAMS = frozenset({"uwsgi", "pyuwsgi", "uwsgi-core", "uwsgi_python3", "uwsgi_python"})
VARIABLE = "UWSGI_"
"""What the names of variables begin with that are options: ``UWSGI_LAZY_APPS`` is ``lazy-apps``."""

SHORT = {"-w": "module", "-M": "master", "-p": "processes", "-y": "yaml", "-j": "json", "-H": "home", "-i": "",
         "-L": "disable-logging", "-T": "enable-threads", "-C": "chmod-socket", "-m": "memory-report", "-h": "help",
         "-c": "", "-r": "", "-a": "abstract-socket"}  # fmt: skip
"""Options of one letter; one that is not here takes a value, and says nothing about the boot."""
SHORT_FLAGS = frozenset("-" + letter for letter in "LMTachimr")

NAMES_OF_FLAGS = """
    abstract-socket alarm-list alarms-list auto-procname autoload cache-no-expire cache-report-freed-items
    cache-use-last-modified catch-exceptions cflags cgi-mode cheap cheaper-algo-list cheaper-algos-list
    cheaper-list check-cache check-static-docroot chmod chmod-socket clock-list clocks-list close-on-exec
    close-on-exec2 command-mode config-py daemons-honour-stdin die-on-idle die-on-term disable-logging
    disable-sendfile disable-write-exception dot-h drop-after-apps drop-after-init dump-options early-emperor
    emperor-graceful-shutdown emperor-magic-exec emperor-no-blacklist emperor-nofollow emperor-tyrant
    emperor-tyrant-nofollow enable-metrics enable-proxy-protocol enable-threads end-blacklist end-for end-if
    end-whitelist endfor endif exit exit-on-reload force-gateway freebind gevent-early-monkey-patch
    gevent-monkey-patch gevent-wait-for-hub harakiri-no-arh harakiri-verbose help honour-range honour-stdin
    http-auto-chunked http-auto-gzip http-cheap http-chunked-input http-enable-proxy-protocol http-keepalive
    http-manage-expect http-manage-rtsp http-manage-source http-raw-body http-use-cache http-use-socket
    http-websockets https-export-cert if-not-reload if-reload ignore-script-name ignore-sigpipe
    ignore-write-errors imperial-monitor-list imperial-monitors-list jailed ksm lazy lazy-apps log-4xx log-5xx
    log-date log-format-strftime log-master log-master-req-stream log-master-stream log-micros log-prefix
    log-reopen log-syslog log-truncate log-x-forwarded-for log-zero logdate logfile-chown logformat-strftime
    logger-list loggers-list loop-list loops-list manage-script-name master master-as-root memory-report
    metric-dir-restore metrics-dir-restore metrics-no-cores mule mule-msg-size need-app never-swap
    no-default-app no-defer-accept no-fd-passing no-harakiri-after-req-hook no-harakiri-arh no-initgroups
    no-orphans no-server no-site no-threads-wait paste-logger pcre-jit persistent-ipcsem plugin-list
    plugins-list propagate-touch py-call-osafterfork py-call-uwsgi-fork-hooks pyshell pyshell-oneshot
    python-version re-fork re-fork-as-root re-fork-post-jail reaper refork refork-as-root refork-post-jail
    reload-on-exception reload-os-env reuse-port router-list routers-list setns-preopen show-config
    shutdown-sockets single-interpreter skip-atexit skip-atexit-teardown skip-zero snmp so-keepalive
    so-send-timeout so-write-timeout socket-send-timeout socket-write-timeout spooler-ordered spooler-quiet
    ssl-enable-sslv3 ssl-enable-tlsv1 ssl-enable3 ssl-option ssl-session-use-cache ssl-sessions-use-cache
    ssl-verbose ssl-verify-depth start-unsubscribed start_response-nodelay static-gzip-all stats-http
    stats-min stats-minified stats-no-cores stats-no-metrics strict subscription-dotsplit
    subscriptions-use-credentials tcp-fast-open-client tcp-fastopen-client tcp-nodelay threaded-logger
    thunder-lock unsubscribe-on-graceful-reload usage use-abort vacuum version vhost vhost-host
    write-errors-exception-only wsgi-accept-buffer wsgi-accept-buffers wsgi-disable-file-wrapper wsgi-strict
    zerg-fallback
"""
FLAGS = frozenset(NAMES_OF_FLAGS.split())
"""Options without a value; any other takes one."""

NO_SERVER = frozenset({"help", "usage", "version", "show-config", "python-version", "cflags", "dot-h", "plugin-list",
                       "no-server", "config-py"})  # fmt: skip
ALIASES = {
    "wsgi": "module", "file": "wsgi-file", "workers": "processes", "python-path": "pythonpath", "pp": "pythonpath",
    "pyimport": "import", "py-import": "import", "python-import": "import", "shared-pyimport": "shared-import",
    "shared-py-import": "shared-import", "shared-python-import": "shared-import", "lazy": "lazy-apps", "yml": "yaml",
    "mules": "mule", "farm": "mule", "end-if": "endif", "end-for": "endfor",
}  # fmt: skip
FILES = frozenset({"ini", "yaml", "json", "include"})
"""Options that name a file of options."""
SCRIPTS = (".py", ".wsgi")
"""How the names of files of Python end; any other name is a module's."""
FALSE = frozenset({"false", "off", "no", "0"})
WITH_MASTER = frozenset({
    "master", "mule", "spooler", "cheaper", "cron", "attach-daemon", "attach-daemon2", "smart-attach-daemon",
    "smart-attach-daemon2",
})  # fmt: skip
"""Options that make a master process, which forks every worker (``UWSGI_OPT_MASTER``)."""


class Option(NamedTuple):
    """One option.

    :ivar name: without dashes, by the first of its names.
    :ivar value: empty for a flag without one.
    :ivar sure: whether it counts whatever the environment is.
    :ivar late: whether it is a file that is named without an option, which is read after all else.
    """

    name: str
    value: Word
    sure: bool = True
    late: bool = False


def uwsgi_command(arguments: Sequence[Word], environ: Mapping[str, Word]) -> WorkerCommand | None:
    """The server that ``uwsgi`` is with these arguments; None if it only tells something."""
    if any(option.name in NO_SERVER for option in read_arguments(arguments)):
        return None
    return WorkerCommand({}, arguments=tuple(arguments))


def option_of(name: str, value: Word, sure: bool = True) -> Option:
    """An option by the first of its names."""
    return Option(ALIASES.get(name, name), value, sure)


def read_variables(environ: Mapping[str, Word]) -> Iterator[Option]:
    """Options that variables are."""
    for name, word in environ.items():
        if name.startswith(VARIABLE):
            yield option_of(name.removeprefix(VARIABLE).lower().replace("_", "-"), word)


def read_arguments(arguments: Sequence[Word]) -> Iterator[Option]:
    """Options of a command line: with values as ``getopt_long`` reads them; what is none names a file."""
    position = 0
    while position < len(arguments):
        word = arguments[position]
        text, position = word.text, position + 1
        if not text.startswith("-") or text == "-":
            yield from _plain(word)
            continue
        name, equals, value = text.partition("=")
        if not text.startswith("--"):
            name, value, flag = _short(text)
            if name and flag:
                yield option_of(name, word._replace(text=""))
            if flag and value:  # several flags in one word
                arguments, position = [word._replace(text=f"-{value}"), *arguments[position:]], 0
                continue
            equals = value
        else:
            name = name[2:]
            flag = name in FLAGS
            if flag:
                yield option_of(name, word._replace(text=value))
        if flag:
            continue
        if equals:
            yield option_of(name, word._replace(text=value))
        elif position < len(arguments):
            yield option_of(name, arguments[position])
            position += 1


def _short(text: str) -> tuple[str, str, bool]:
    """``-p4``, ``-Mp4``: the option's name, what is left of the word, and whether the option is a flag."""
    letter = text[:2]
    return SHORT.get(letter, ""), text[2:], letter in SHORT_FLAGS


def _plain(word: Word) -> Iterator[Option]:
    """``uwsgi.ini``: what stands alone is a file of options; the server does not start with anything else."""
    kind = kind_of(word.text.partition(":")[0])
    if kind:
        yield Option(kind, word, late=True)


def kind_of(path: str) -> str:
    """The option that reads a file, by the end of its name; empty for a file that is none of options."""
    ending = path.rpartition(".")[2]
    return {"yml": "yaml", "js": "json"}.get(ending, ending) if ending in ("ini", "yaml", "yml", "json", "js") else ""


def is_file(kind: str, what: str) -> bool:
    """Whether what an option loads is a file, and no module."""
    if kind.endswith("import"):
        return "/" in what or what.endswith(".py")
    return kind == "wsgi-file" or (kind == "mount" and what.endswith(SCRIPTS))


class Server(NamedTuple):
    """What a server's options amount to.

    :ivar loads: what is imported, in order: the kind (``shared-import``, ``import``, ``module``, ``wsgi-file``,
        ``mount``), what, and whether it surely is.
    :ivar lazy: whether each worker loads the app for itself; None if only the environment tells.
    :ivar master: whether a master forks every worker; None likewise.
    :ivar processes: the option, if there is one.
    """

    loads: tuple[tuple[str, Word, bool], ...]
    lazy: bool | None
    master: bool | None
    processes: Word | None
    environ: Mapping[str, Word]
    chdir: Word | None
    pythonpath: tuple[Word, ...]
    callable: str


def server_of(options: Iterable[Option]) -> Server:
    """What options amount to: the last of a kind counts, imports and mounts are lists."""
    known: dict[str, Option] = {}
    lists: dict[str, list[Option]] = {}
    environ: dict[str, Word] = {}
    lazy: bool | None = False
    master: bool | None = False
    paths: list[Word] = []
    for option in options:
        value = option.value
        if option.name in ("shared-import", "import", "mount"):
            lists.setdefault(option.name, []).append(option)
        elif option.name == "lazy-apps":
            lazy = _switched(lazy, option)
        elif option.name in WITH_MASTER:
            master = _switched(master, option) if option.name == "master" else (True if option.sure else master or None)
        elif option.name == "pythonpath":
            paths.append(value)
        elif option.name == "env" and option.sure:
            name, _, text = value.text.partition("=")
            environ[name] = value._replace(text=text)
        else:
            known[option.name] = option
    apps = [known[name] for name in ("module", "wsgi-file") if name in known]
    ordered = [*lists.get("shared-import", ()), *lists.get("import", ()), *apps, *lists.get("mount", ())]
    processes, chdir, attribute = (known.get(name) for name in ("processes", "chdir", "callable"))
    return Server(
        tuple((option.name, option.value, option.sure) for option in ordered),
        lazy,
        master,
        processes.value if processes is not None else None,
        environ,
        chdir.value if chdir is not None else None,
        tuple(paths),
        attribute.value.text if attribute is not None else "",
    )


def _switched(before: bool | None, option: Option) -> bool | None:
    """A flag after one more option; None where that may or may not count."""
    text = option.value.text
    value = None if "$(" in text or "%(" in text else text.lower() not in FALSE
    return value if option.sure or value == before else None
