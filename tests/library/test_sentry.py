"""``sentry_sdk.init()`` imports the packages of the integrations that enable themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

PROJECT = {
    "requirements.txt": "celery\nsentry-sdk\nlangchain-aws\nopenai\n",
    "p/__init__.py": "",
    "p/celery.py": """\
        import sentry_sdk
        from celery import Celery

        sentry_sdk.init(dsn="http://key@sentry/1")
        app = Celery("p")
        """,
}


def modules(root: Path) -> dict[str, tuple[str | None, bool]]:
    """Who imports each module before the fork, and whether that is certain."""
    (trace,) = check(root).traces
    return {module.name: (module.importer, module.certain) for module in trace.modules}


def test_what_is_declared_is_imported(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    found = modules(tmp_path)
    assert found["openai"] == ("sentry_sdk.integrations.openai", True)
    assert found["langchain_core.messages"] == ("sentry_sdk.integrations.langchain", True)
    assert found["langchain_aws"] == ("sentry_sdk.integrations.langchain", True)
    assert not {"langchain_ollama", "fastapi", "sentry_sdk.integrations.fastapi", "cohere"} & set(found)


def test_what_it_brings_is_reported_at_the_call(tmp_path: Path) -> None:
    told = '[tool.forksafe.third-parties."langchain_aws:BedrockEmbeddings"]\nloads = ["numpy"]\n'
    write(tmp_path, {**PROJECT, "pyproject.toml": told})
    (finding,) = (one for one in check(tmp_path).findings if one.code == "FS103")
    assert (finding.line, finding.subject) == (4, "sentry_sdk.integrations")
    assert "sentry_sdk.integrations.langchain → langchain_aws" in finding.text
    assert "have it import less" in finding.text
    assert "sentry_sdk.integrations" not in write_and_read(tmp_path, "import sentry_sdk\n")


def write_and_read(root: Path, first: str) -> dict[str, tuple[str | None, bool]]:
    write(root, {"p/celery.py": f"{first}from celery import Celery\napp = Celery('p')\n"})
    return modules(root)


@pytest.mark.parametrize("switch", ["auto_enabling_integrations", "default_integrations"])
def test_it_can_be_switched_off(tmp_path: Path, switch: str) -> None:
    write(tmp_path, PROJECT)
    first = f"import sentry_sdk\nsentry_sdk.init({switch}=False)\n"
    assert "openai" not in write_and_read(tmp_path, first)
    unknown = f"import sentry_sdk, random\nsentry_sdk.init({switch}=random.choice([True, False]))\n"
    assert write_and_read(tmp_path, unknown)["openai"] == ("sentry_sdk.integrations.openai", False)
    assert write_and_read(tmp_path, first.replace("False", "True"))["openai"][1]


def test_disabled_integrations_are_imported_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    first = "import sentry_sdk\nsentry_sdk.init(disabled_integrations=[object()])\n"
    assert write_and_read(tmp_path, first)["openai"][1]


def test_what_a_lock_file_has_may_be_imported(tmp_path: Path) -> None:
    lock = 'version = 1\n\n[[package]]\nname = "openai"\nversion = "2.0"\n'
    write(tmp_path, {**PROJECT, "requirements.txt": "celery\nsentry-sdk\n", "uv.lock": lock})
    found = modules(tmp_path)
    assert found["openai"] == ("sentry_sdk.integrations.openai", False)
    assert "langchain_core.messages" not in found


def test_names_that_are_loaded_when_they_are_asked_for(tmp_path: Path) -> None:
    """langchain_aws loads its embeddings, and with them numpy, in ``__getattr__``."""
    site = "venv/lib/python3.12/site-packages"
    lazy = """\
        def __getattr__(name):
            if name == "BedrockEmbeddings":
                import langchain_aws.embeddings
                return langchain_aws.embeddings.BedrockEmbeddings
            raise AttributeError(name)
        """
    distributions = {"celery": "", "numpy": "", "langchain_aws": "Requires-Dist: numpy\n"}
    write(tmp_path, {
        **PROJECT, "venv/pyvenv.cfg": "", f"{site}/langchain_aws/__init__.py": lazy,
        f"{site}/langchain_aws/embeddings.py": "import numpy\nclass BedrockEmbeddings: pass\n",
        **{f"{site}/{name}/__init__.py": "" for name in ("celery", "numpy", "langchain_core", "sentry_sdk")},
        **{f"{site}/{name}-5.5.0.dist-info/METADATA": f"Name: {name}\nVersion: 5.5.0\n{more}"
           for name, more in distributions.items()},
        f"{site}/langchain_aws-5.5.0.dist-info/top_level.txt": "langchain_aws\n",
    })  # fmt: skip
    (trace,) = check(tmp_path, environment="venv").traces
    assert {module.name: module.importer for module in trace.modules}["numpy"] == "langchain_aws.embeddings"


def test_an_environment_decides(tmp_path: Path) -> None:
    site = "venv/lib/python3.12/site-packages"
    write(tmp_path, {
        **PROJECT, "venv/pyvenv.cfg": "", f"{site}/openai/__init__.py": "", f"{site}/sentry_sdk/__init__.py": "",
        f"{site}/celery/__init__.py": "", f"{site}/celery-5.5.0.dist-info/METADATA": "Name: celery\nVersion: 5.5.0\n",
    })  # fmt: skip
    (trace,) = check(tmp_path, environment="venv").traces
    names = {module.name for module in trace.modules}
    assert "openai" in names and not {"langchain_core", "langchain_aws"} & names
