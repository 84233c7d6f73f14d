"""What ``sentry_sdk.init()`` imports: every integration that enables itself, with the package that it is for.

Read in sentry_sdk 2.75.0: ``client.py`` calls ``setup_integrations()``, and ``integrations/__init__.py`` imports each
module of ``_AUTO_ENABLING_INTEGRATIONS``, which imports its package in a ``try``.  ``disabled_integrations`` changes
nothing about that: they are left out only after their modules were imported.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.bringing import inside_outside, load_outside
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.import_statements import import_member
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Literal, ModuleValue, Value

PACKAGE = "sentry_sdk.integrations"
SWITCHES = ("auto_enabling_integrations", "default_integrations")
"""Arguments of ``init()`` that, if they are ``False``, keep all of them from being imported."""

INTEGRATIONS: dict[str, tuple[str, ...]] = {
    "aiohttp": ("aiohttp", "aiohttp.web"),
    "anthropic": ("anthropic", "anthropic.resources", "anthropic.types"),
    "arq": ("arq.worker", "arq.connections"),
    "asyncpg": ("asyncpg", "asyncpg.cursor"),
    "boto3": ("botocore", "botocore.client", "botocore.response", "botocore.awsrequest"),
    "bottle": ("bottle",),
    "chalice": ("chalice", "chalice.app"),
    "clickhouse_driver": ("clickhouse_driver", "clickhouse_driver.client", "clickhouse_driver.connection"),
    "cohere": ("cohere.client", "cohere"),
    "falcon": ("falcon", "falcon.app_helpers", "falcon.request"),
    "fastapi": ("fastapi",),
    "flask": ("flask", "flask.signals"),
    "gql": ("gql", "gql.transport"),
    "google_genai": ("google.genai.models",),
    "graphene": ("graphene.types",),
    "httpx": ("httpx",),
    "huey": ("huey.api", "huey.exceptions"),
    "huggingface_hub": ("huggingface_hub.inference._client",),
    "langchain": (
        "langchain_core.callbacks", "langchain_core.messages", "langchain_core.outputs", "langchain.agents",
        "langchain_openai:OpenAIEmbeddings", "langchain_openai:AzureOpenAIEmbeddings",
        "langchain_google_vertexai:VertexAIEmbeddings", "langchain_aws:BedrockEmbeddings",
        "langchain_cohere:CohereEmbeddings", "langchain_mistralai:MistralAIEmbeddings",
        "langchain_huggingface:HuggingFaceEmbeddings", "langchain_ollama:OllamaEmbeddings",
    ),
    "langgraph": ("langgraph.errors", "langgraph.graph", "langgraph.pregel"),
    "litestar": ("litestar", "litestar.handlers.base", "litestar.middleware", "litestar.routes.http"),
    "loguru": ("loguru",),
    "mcp": ("mcp.server.lowlevel", "mcp.server.streamable_http", "fastmcp"),
    "openai": ("openai", "openai.resources", "openai.resources.chat.completions", "openai.types"),
    "openai_agents": ("agents", "agents.run"),
    "pydantic_ai": ("pydantic_ai",),
    "pymongo": ("pymongo",),
    "pyramid": ("pyramid.httpexceptions", "pyramid.request"),
    "quart": ("quart", "quart.signals"),
    "rq": ("rq.job", "rq.queue", "rq.worker"),
    "sanic": ("sanic", "sanic.handlers", "sanic.router"),
    "sqlalchemy": ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.event"),
    "starlette": ("starlette", "starlette.applications", "starlette.middleware", "starlette.routing"),
    "starlite": ("starlite", "starlite.handlers.base", "starlite.middleware", "starlite.routes.http"),
    "strawberry": ("strawberry", "strawberry.extensions"),
    "tornado": ("tornado", "tornado.web"),
}  # fmt: skip
"""Modules, or ``module:name``, that the modules of the integrations import: first what each cannot do without, and what
comes after it requires.  Those of Celery and Django are left out, since a worker of theirs has imported them."""


def init(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``sentry_sdk.init(...)``."""
    switches = [arguments.keywords.get(name) for name in SWITCHES]
    if any(isinstance(value, Literal) and value.value is False for value in switches):
        return UNKNOWN
    known = arguments.complete and all(value is None or isinstance(value, Literal) for value in switches)
    with machine.doubted(not known):
        _import_integrations(machine, frame)
    return UNKNOWN


def _import_integrations(machine: Machine, frame: Frame) -> None:
    def is_installed(name: str) -> bool:
        return machine.imports.presence(_top(name)) is True

    for integration, names in INTEGRATIONS.items():
        likely = [name for name in names if machine.imports.likely(_top(name))]
        if likely:
            first = _top(names[0])
            load_outside(machine, PACKAGE, frame, "dynamic")
            own = f"{PACKAGE}.{integration}"
            load_outside(machine, own, inside_outside(machine, PACKAGE))
            sure = any(map(is_installed, likely))
            for name in names:
                if _top(name) == first or name in likely:
                    _import(machine, name, own, sure if _top(name) == first else is_installed(name))


def _import(machine: Machine, name: str, integration: str, sure: bool) -> None:
    """Import a module, and a name from it.

    :param sure: whether it is installed; otherwise that is only likely.
    """
    module, _, member = name.partition(":")
    frame = inside_outside(machine, integration)
    with machine.doubted(not sure):
        if machine.imports.layout.find(_top(module)) is not None:
            value = machine.import_name(module, frame)
            if member and isinstance(value, ModuleValue):
                import_member(machine, value, member, frame)
        else:
            load_outside(machine, module, frame)
            if member:
                machine.bring(module, member, frame)


def _top(name: str) -> str:
    return name.partition(":")[0].partition(".")[0]


MODELS = Library(functions={"sentry_sdk.init": init, "sentry_sdk._init_implementation.init": init})
