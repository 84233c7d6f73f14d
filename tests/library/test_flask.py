"""Flask and its extensions."""

from __future__ import annotations

from pathlib import Path

from programs import UNSURE, imported_modules, names_of, plain, value_in, walk_program


def test_the_configuration_is_a_mapping_of_upper_case_names(tmp_path: Path) -> None:
    files = {
        "main.py": (
            "from flask import Flask\napp = Flask(__name__)\napp.config.from_object('conf.Base')\n"
            "app.config['MORE'] = 2\napp.config.update(LAST=3)\n"
            "A = app.config['X'], app.config['Y'], app.config['MORE'], app.config.get('LAST')\n"
            "B = app.config.get('lower')\n"
        ),
        "conf.py": "class Root:\n    X = 0\n    Y = 'y'\nclass Base(Root):\n    X = 1\n    lower = 5\n",
    }
    names = names_of(walk_program(tmp_path, files))
    assert plain(names["A"]) == (1, "y", 2, 3)
    assert plain(names["B"]) == {None, UNSURE}


def test_each_app_has_a_configuration_of_its_own(tmp_path: Path) -> None:
    program = (
        "from flask import Flask\nclass Own(Flask):\n    pass\n"
        "one, two = Flask('a'), Own('b')\none.config['X'] = 1\ntwo.config['X'] = 2\n"
        "A = one.config['X'], two.config['X']\n"
    )
    assert value_in(tmp_path, program) == (1, 2)


def test_a_cache_type_may_be_a_path(tmp_path: Path) -> None:
    files = {
        "main.py": (
            "from flask import Flask\nfrom flask_caching import Cache\napp = Flask('a')\n"
            "app.config['CACHE_TYPE'] = 'own.cache'\nCache().init_app(app)\n"
        ),
        "own.py": "def cache(): pass\n",
    }
    assert "own" in imported_modules(walk_program(tmp_path, files))


def test_the_security_manager_of_appbuilder_registers_its_views(tmp_path: Path) -> None:
    files = {
        "main.py": (
            "from flask import Flask\nfrom flask_appbuilder import AppBuilder\napp = Flask('a')\n"
            "app.config['FAB_SECURITY_MANAGER_CLASS'] = 'own.Manager'\n"
            "AppBuilder().init_app(app)\n"
        ),
        "own.py": (
            "class Manager:\n    def __init__(self, builder): pass\n"
            "    def register_views(self):\n        import views\n"
        ),
        "views.py": "",
    }
    assert imported_modules(walk_program(tmp_path, files))[-2:] == ["own", "views"]


def test_debug_is_what_the_configuration_or_the_program_says(tmp_path: Path) -> None:
    program = (
        "from flask import Flask\nclass Own(Flask):\n    pass\n"
        "one, two, three = Flask('a'), Own('b'), Flask('c')\none.config['DEBUG'] = True\ntwo.debug = True\n"
        "A = one.debug, two.debug\nB = three.debug\n"
    )
    names = names_of(walk_program(tmp_path, {"main.py": program}))
    assert plain(names["A"]) == (True, True)
    assert plain(names["B"]) == {False, UNSURE}
