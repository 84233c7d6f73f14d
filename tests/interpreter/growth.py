"""Programs of any size, each of one construct that could multiply what it costs to follow it."""

from __future__ import annotations

from collections.abc import Callable

UNKNOWN = "import os\nunknown = os.environ.get('ONE')\n"


def _nested(n: int, opening: str, last: str) -> str:
    """``opening`` in each other, ``n`` deep."""
    return "".join(" " * depth + opening.format(depth) + "\n" for depth in range(n)) + " " * n + last + "\n"


def _each(n: int, template: str) -> str:
    """``template`` for each number, and for the one before it."""
    return "".join(template.replace("<n>", str(i)).replace("<p>", str(max(i - 1, 0))) for i in range(n))


GROWING: dict[str, Callable[[int], dict[str, str]]] = {
    "comprehensions in each other": lambda n: {
        "main": "x = " + "[" * n + "1" + "".join(f" for x{i} in range(10)]" for i in range(n)) + "\n"
    },
    "clauses of one comprehension": lambda n: {
        "main": "x = [1" + "".join(f" for x{i} in range(10)" for i in range(n)) + "]\n"
    },
    "loops in each other": lambda n: {"main": _nested(n, "for x{0} in range(10):", "y = 1")},
    "unknown loops in each other": lambda n: {"main": UNKNOWN + _nested(n, "while unknown:", "y = 1")},
    "branches in each other": lambda n: {"main": UNKNOWN + _nested(n, "if unknown:", "y = 1")},
    "branches after each other": lambda n: {
        "main": UNKNOWN + _each(n, "if unknown:\n    x<n> = 1\nelse:\n    x<n> = 2\n")
    },
    "a ladder of branches": lambda n: {
        "main": UNKNOWN + "if unknown: x = 0\n" + _each(n, "elif unknown == <n>:\n    x = <n>\n")
    },
    "cases of a match": lambda n: {"main": UNKNOWN + "match unknown:\n" + _each(n, "    case <n>:\n        x = <n>\n")},
    "functions that loop and call the next": lambda n: {
        "main": "def f0(): pass\n" + _each(n, "def f<n>_():\n    for x in range(10): f<p>_()\n").replace(
            "f0_()\n", "f0()\n", 1) + f"f{n - 1}_()\n"
    },
    "functions that call the next twice": lambda n: {
        "main": "def f0(x): pass\n"
        + "".join(f"def f{i + 1}(x):\n    f{i}((x, 1))\n    f{i}((x, 2))\n" for i in range(n))
        + f"f{n}(0)\n"
    },
    "a function that calls itself twice": lambda n: {
        "main": f"def f(n):\n    if n > 1:\n        f(n - 1)\n        f(n - 2)\nf({n})\n"
    },
    "imports that may fail": lambda n: {
        "main": _each(n, "try:\n    import a<n>\nexcept ImportError:\n    import b<n>\n")
    },
    "star imports of each other": lambda n: {
        **{f"a{i}": f"from a{i - 1} import *\n" if i else "x = 1\n" for i in range(n)},
        "main": f"from a{n - 1} import *\n",
    },
    "star imports of many names": lambda n: {
        "many": _each(n, "x<n> = <n>\n"), "main": "from many import *\n" + _each(n, "y<n> = x<n>\n")
    },
    "a chain of classes": lambda n: {
        "main": "class C0:\n    def __init__(self): pass\n"
        + "".join(f"class C{i + 1}(C{i}):\n    def __init__(self): super().__init__()\n" for i in range(n))
        + f"C{n}()\n"
    },
    "a ladder of diamonds": lambda n: {
        "main": "class A0: pass\n"
        + "".join(f"class L{i}(A{i}): pass\nclass R{i}(A{i}): pass\nclass A{i + 1}(L{i}, R{i}): pass\n"
                  for i in range(n))
        + f"x = A{n}()\ny = x.missing\n"
    },
    "subclasses that are told": lambda n: {
        "main": "class B:\n    def __init_subclass__(cls): pass\n" + _each(n, "class C<n>(B): pass\n")
    },
    "decorators of one function": lambda n: {
        "main": "import functools\ndef d(f):\n    @functools.wraps(f)\n    def w(*a):\n        return f(*a)\n"
        "    return w\n" + "@d\n" * n + "def g(): pass\ng()\n"
    },
    "functions with a decorator": lambda n: {
        "main": "seen = []\ndef d(f):\n    seen.append(f)\n    return f\n" + _each(n, "@d\ndef g<n>(): pass\n")
    },
    "a registry that is asked": lambda n: {
        "main": "seen = {}\n" + _each(n, "seen['k<n>'] = lambda: <n>\n") + "for key in seen: seen[key]()\n"
    },
    "keys that may be equal": lambda n: {"main": "import lib\nseen = {}\n" + _each(n, "seen[lib.k<n>] = <n>\n")},
    "text that doubles": lambda n: {"main": "x = 'ab'\n" + "x = x + x\n" * n},
    "lists that double": lambda n: {"main": "x = [1]\n" + "x = x + x\n" * n},
    "lists of themselves": lambda n: {"main": "x = [1]\n" + "x = [x, x]\n" * n + "y = x == x\n"},
    "generators of each other": lambda n: {
        "main": "def g0():\n    yield 1\n"
        + "".join(f"def g{i + 1}():\n    yield from g{i}()\n    yield from g{i}()\n" for i in range(n))
        + f"x = list(g{n}())\n"
    },
    "managers in each other": lambda n: {
        "main": "class M:\n    def __enter__(self): pass\n    def __exit__(self, *a): pass\n"
        + _nested(n, "with M():", "y = 1")
    },
    "handlers in each other": lambda n: {
        "main": UNKNOWN + "def f():\n" + "".join(
            " " * (i + 1) + "try:\n" for i in range(n)) + " " * (n + 1) + "unknown.x\n" + "".join(
            " " * (i + 1) + "except KeyError: pass\n" for i in reversed(range(n))) + "f()\n"
    },
    "alternatives that are called": lambda n: {
        "main": UNKNOWN + "def f(x): return x\ndef g(x): return x\n" + "h = f if unknown else g\nx = 1\n"
        + "x = h(x) if unknown else h(h(x))\n" * n
    },
    "globals that functions change": lambda n: {
        "main": UNKNOWN + "s = 0\ndef f():\n    global s\n    s += 1\n" + "if unknown:\n    f()\n" * n
    },
    "elements that only may be there, with others": lambda n: {
        "main": UNKNOWN + f"a = [{'1234567890123456, ' * n}]\n" + "b = [*a, *a, *a, *a, *a, *a]\n"
        + "for x in zip([y for y in a if unknown], b):\n    pass\n"
    },
    "modules that import all others": lambda n: {
        **{f"a{i}": "".join(f"import a{j}\n" for j in range(i)) for i in range(n)},
        "main": f"import a{n - 1}\n",
    },
}  # fmt: skip
"""By what grows: the modules of a program of a size."""
