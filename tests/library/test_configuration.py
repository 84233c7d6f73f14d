"""Libraries that Django settings are made with."""

from __future__ import annotations

from pathlib import Path

from programs import UNSURE, names_of, plain, value_in, walk_program


def test_environ_casts_and_defaults(tmp_path: Path) -> None:
    program = """\
        import environ
        env = environ.Env(DEBUG=(bool, False), PORT=(int, 80))
        A = env("NAME", default="x"), env.list("HOSTS", default=["a"]), env.list("GIVEN"), env("TEXT")
        B = env("DEBUG")
        C = env.int("PORT_GIVEN"), env.bool("FLAG"), env.tuple("GIVEN")
        """
    environ = {"GIVEN": "a, b", "TEXT": "t", "PORT_GIVEN": "8", "FLAG": "yes"}
    walk = walk_program(tmp_path, program, environ)
    names = names_of(walk)
    assert plain(names["A"]) == ("x", ["a"], ["a", "b"], "t")
    assert plain(names["B"]) == {False, UNSURE}
    assert plain(names["C"]) == (8, True, ("a", "b"))
    assert {"NAME", "HOSTS", "GIVEN", "DEBUG"} <= walk.recorder.variables_read


def test_decouple(tmp_path: Path) -> None:
    program = (
        "from decouple import config, Csv\n"
        "A = config('X', default='d'), config('GIVEN', cast=Csv()), config('N', cast=int)\n"
        "B = config('F', default=True, cast=bool)\n"
    )
    names = names_of(walk_program(tmp_path, program, {"GIVEN": "a,b", "N": "4"}))
    assert plain(names["A"]) == ("d", ["a", "b"], 4)
    assert plain(names["B"]) == {True, UNSURE}


def test_split_settings_execute_files_in_the_namespace_of_the_caller(tmp_path: Path) -> None:
    files = {
        "main.py": "import settings\nA = settings.A, settings.B\n",
        "settings/__init__.py": (
            "from split_settings.tools import include, optional\nA = 1\ninclude('parts/*.py', optional('local.py'))\n"
        ),
        "settings/parts/a.py": "A += 1\n",
        "settings/parts/b.py": "B = A * 10\n",
    }
    assert value_in(tmp_path, files) == (2, 20)


def test_a_url_of_email_hides_no_other_setting(tmp_path: Path) -> None:
    """``vars().update(env.email_url(...))`` sets settings of email only (django-environ 0.14)."""
    files = {
        "main.py": "from settings import INSTALLED_APPS\nA = INSTALLED_APPS\n",
        "settings.py": "import environ\nenv = environ.Env()\nINSTALLED_APPS = ['shop']\n"
                       "vars().update(env.email_url('EMAIL_URL', default='smtp://'))\n",
    }  # fmt: skip
    walk = walk_program(tmp_path, files)
    assert plain(names_of(walk)["A"]) == ["shop"]
    assert walk.recorder.notes == []
