"""The interpreter of shell scripts against bash itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import PATIENCE_S, write
from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_forksafe.deployment.model import Place, Unusable, Word
from flake8_forksafe.deployment.repository import find_launches
from flake8_forksafe.deployment.shell import ShellInterpreter
from flake8_forksafe.deployment.shell_syntax import parse_script
from flake8_forksafe.deployment.shell_values import Budget, State
from flake8_forksafe.project.disk import Disk

RECORDER = """\
#!/bin/sh
printf '%s\\0' "$@" "OMP=${OMP_NUM_THREADS-unset}" "$PWD" END >> "$RECORD"
"""

SCRIPTS = {
    "quotes": """celery a"b c"'d "e' f\\ g "$'x'" $'y' \\"h "i\\$j" "" '' "k"l""",
    "variables": 'A=1 B="two words" C=\ncelery $A "$B" $B x$C"$C"y ${A}0 "${B}s" $C "$C"',
    "defaults": 'E=; celery ${N:-a} "${N:-b c}" ${N-d} ${E:-e} "${E-f}" ${N:+g} ${E+h} ${M:=i} $M ${N:-${O:-j}}',
    "trimming": "P=/a/b/c.tar.gz; celery ${P##*/} ${P%/*} ${P%.*} ${P%%.*} ${P#/}",
    "arguments": 'set -- a "b c" d; celery "$@" $# $2 "$2" "x$@y" "$*"; shift 2; celery "$@"; shift; celery "$@" "$1"',
    "arrays": 'X=(a "b c"); X+=(d); celery "${X[@]}" ${X[@]} "$X" "${X[1]}"; celery ${X[2]}',
    "appending": 'A="x"; A+=" y"; celery $A "$A"',
    "exports": "export OMP_NUM_THREADS=1; celery a; OMP_NUM_THREADS=2 celery b; unset OMP_NUM_THREADS; celery c",
    "no export": "OMP_NUM_THREADS=1; celery a; set -a; OMP_NUM_THREADS=2; set +a; celery b",
    "declare": "declare -x OMP_NUM_THREADS=3; celery a; f() { local X=1; celery $X; }; f",
    "and or": "true && celery a; false && celery b; false || celery c; true || celery d; ! false && celery e",
    "if": 'A=prod; if [ "$A" = prod ]; then celery a; elif [ "$A" = dev ]; then celery b; else celery c; fi',
    "else": 'A=x; if [ "$A" = prod ]; then celery a; elif [ "$A" = dev ]; then celery b; else celery c; fi',
    "tests": '[ 1 -lt 2 ] && celery a; [[ -n "" ]] || celery b; [ -z "" -a 3 -ge 3 ] && celery c',
    "denied tests": '[ ! x = y ] && celery a; [ ! x = x ] && celery b; [[ ! -n x ]] || celery c',
    "patterns": 'A=worker-1; [[ $A == worker* ]] && celery a; [[ $A != work ]] && celery b',
    "either": "A=1; [[ $A == a || 1 -eq 1 ]] && celery a; [ $A = a -o $A = 2 ] || celery b",
    "case": "for A in web worker-2 x; do case $A in web|y) celery w ;; worker*) celery $A ;; *) celery o; esac; done",
    "case in a function": 'run() {\n case "$1" in\n  (a) celery 1;;\n  b)\n   celery 2\n  ;;\n esac\n}\nrun b\nrun a\n',
    "for": 'for I in 1 2 "3 4"; do celery $I; done; for J; do celery $J; done; for K in; do celery $K; done',
    "while": 'set -- a b c; while [ $# -gt 1 ]; do celery $1; shift; done; while true; do celery x; break; done',
    "until": "A=; until [ -n \"$A\" ]; do A=x; celery u; done",
    "continue": "for I in 1 2 3; do [ $I = 2 ] && continue; celery $I; done",
    "functions": 'f() { celery "$1" "$#"; return; celery no; }\nfunction g { f "$@" z; }\ng a b; f c',
    "groups": "{ celery a; celery b; }; (cd /; celery c); celery d; ( export OMP_NUM_THREADS=9; celery e ); celery f",
    "exit": "celery a; if true; then celery b; exit 0; fi; celery c",
    "exec": "celery a; exec celery b; celery c",
    "exec of files": "exec 3>&1; celery a 2>&1 >/dev/null",
    "continued": "celery \\\n  a \\\n  b # c\ncelery d;celery e\n\n\n",
    "comments": "# celery no\ncelery a#b # c\n  # d\ncelery 'e # f'",
    "documents": "cat <<EOF > /dev/null\ncelery no $(\nEOF\ncelery a",
    "indented documents": "cat <<-'X' >/dev/null\n\tcelery no '\n\tX\ncelery b",
    "substitution": 'A=$(echo x  y); celery "$A" $A `echo z` $(dirname /a/b/c) "$(basename "/a/b c")"',
    "directory": "cd /; celery a; cd usr/bin; celery b; cd ..; celery c; D=$(cd /usr && pwd); cd \"$D\"; celery d",
    "eval": "A='celery x'; eval \"$A\" y; eval celery '$A'",
    "pipes": "echo | celery a; celery b | cat",
    "background": "celery a & wait; celery b",
    "nothing": 'A=""; $A celery a; "$@" celery b; : ${B:=c}; celery $B',
    "allexport": "set -o allexport; OMP_NUM_THREADS=5; celery a",
    "tilde and dollar": "celery a$ '$b' \\$c \"$\" $",
    "arithmetic": "((1 + 1)); for ((i = 0; i < 1; i++)); do celery a; done; celery b",
    "process substitution": "cat <(echo x) > /dev/null; celery a",
    "here-string": "cat <<< 'celery x' > /dev/null; celery a",
    "redirections": "celery a > /dev/null 2>&1; celery b &> /dev/null; celery < /dev/null c; 2>/dev/null celery d",
}  # fmt: skip


def run_in_bash(script: Path) -> list[list[str]]:
    """What bash gives to ``celery``: arguments, one variable, the directory."""
    directory = script.parent
    record = directory / "record"
    write(directory, {"bin/celery": RECORDER})
    (directory / "bin/celery").chmod(0o755)
    environ = {"PATH": f"{directory / 'bin'}{os.pathsep}{os.defpath}", "RECORD": str(record)}
    subprocess.run(
        ["bash", str(script)], cwd=directory, env=environ, check=False, timeout=PATIENCE_S, capture_output=True
    )
    fields = record.read_text().split("\0")[:-1]
    calls: list[list[str]] = [[]]
    for field in fields:
        if field == "END":
            calls.append([])
        else:
            calls[-1].append(field)
    return calls[:-1]


def interpret(text: str, directory: str) -> list[list[str]]:
    """What the interpreter hands over, in the same form."""
    calls: list[list[str]] = []

    def execute(argv: object, environ: object, directory: str, place: Place) -> None:
        assert isinstance(argv, list) and isinstance(environ, dict)
        if argv and argv[0].text == "celery":
            threads = environ.get("OMP_NUM_THREADS", Word("unset")).text
            calls.append([*(word.text for word in argv[1:]), f"OMP={threads}", directory])

    shell = ShellInterpreter(
        lambda argv, environ, directory, place: execute(list(argv), dict(environ), directory, place),
        lambda path, directory: None, parse_script, "script", Budget(10_000),
    )  # fmt: skip
    shell.run(parse_script(text), State.begin({}, (), directory, "script"))
    return calls


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("name", SCRIPTS)
def test_as_bash(tmp_path: Path, name: str) -> None:
    script = tmp_path / "script.sh"
    script.write_text(SCRIPTS[name])
    assert interpret(SCRIPTS[name], str(tmp_path)) == run_in_bash(script)


UNDECIDED = {
    "both branches": ("if test -f x; then celery a; else celery b; fi", ["a", "b"]),
    "both sides of a chain": ("ls && celery a || celery b", ["a", "b"]),
    "every case": ("case $X in a) celery a ;; b) celery b ;; esac", ["a", "b"]),
    "the case that is sure in the end": ("case $X in a) celery a ;; *) celery b ;; esac; celery c", ["a", "b", "c"]),
    "an exit that may be": ("ls || exit 1; celery a", ["a"]),
    "an exit on every branch": ("if ls; then exit 1; else exec celery a; fi; celery b", ["a"]),
    "a default": ('if [ -z "$N" ]; then N=4; fi; celery $N', ["4"]),
    "values that disagree": ("N=1; if ls; then N=2; fi; celery $N", ["$N"]),
    "values that agree": ("N=1; if ls; then N=1; fi; celery $N", ["1"]),
    "a loop over unknown words": ("for I in $LIST; do celery $I; done", ["$LIST"]),
    "an unknown loop": ("while read -r N; do celery $N; done < file", ["$N"]),
    "output that is not known": ("celery $(nproc) `nproc`", ["$(nproc) `nproc`"]),
    "arithmetic": ("celery $(( 2 * $(nproc) )) ${#X} ${X//a/b} ${!X}", ["$(( 2 * $(nproc) )) ${#X} ${X//a/b} ${!X}"]),
    "a pipe keeps its variables": ("N=1; echo 2 | N=2; celery $N", ["1"]),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_is_not_decided(name: str) -> None:
    script, expected = UNDECIDED[name]
    assert [" ".join(call[:-2]) for call in interpret(script, "/")] == expected


DIVIDED = {
    "variables": ("A='worker -c $N'; celery $A -O", ["worker", "-c", "$N", "-O"]),
    "a value that holds one": ('A="worker -c $N -n ${H}@x"; celery $A', ["worker", "-c", "$N", "-n", "${H}@x"]),
    "blanks of a default": ('A="-n ${H:?not set} -E"; celery $A', ["-n", "${H:?not set}", "-E"]),
    "blanks of commands": ('A="-n $(a $(b c)) `d e` -E"; celery $A', ["-n", "$(a $(b c))", "`d e`", "-E"]),
    "quotes": ('A="worker -c $N"; celery "$A"', ["worker -c $N"]),
    "deep commands": ('A="-n $(a $(b $(c d))) -E"; celery $A', ["-n $(a $(b $(c d))) -E"]),
}
"""What is not known does not keep the rest of a value together."""


@pytest.mark.parametrize("name", DIVIDED)
def test_values_are_divided_around_what_is_not_known(name: str) -> None:
    script, expected = DIVIDED[name]
    assert [call[:-2] for call in interpret(script, "/")] == [expected]


BROKEN = ("if true", "celery 'a", 'celery "a', "case x in a) ls", "$(", "${x", "( celery", "{ celery", "fi", "))",
          "for x in a; ls; done", "[[ a", "((", "`ls", "a=(b", "function", "while true; do", ";;", "&& a")  # fmt: skip


@pytest.mark.parametrize("script", BROKEN)
def test_what_is_no_script(script: str) -> None:
    with pytest.raises(Unusable, match="it is not a shell script that can be read"):
        parse_script(script)


PIECES = [
    *"\"'`$(){}[];&|<>#\\\n \t=*!-", "celery", "worker", "if", "then", "fi", "case", "in", "esac", "do", "done", "for",
    "while", "${", "$(", "$@", "<<EOF\n", "EOF\n", "x", "A=1", "((", "))", "[[", "]]", "&&", "||", ";;", "f() {",
    "function", "else", "eval", "set --", "shift", "exec", "source",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_script(text)
    except Unusable as error:
        assert 1 <= error.line <= text.count("\n") + 1
    else:
        interpret(text, "/")


@pytest.mark.parametrize(
    "script", ["while true; do A=$A.; done", "f() { f; f; }; f", "A=a; for I in 1 2 3; do A=$A$A; done"]
)
def test_endless_scripts_end(tmp_path: Path, script: str) -> None:
    write(tmp_path, {"run.sh": f"{script}\ncelery -A shop worker\n"})
    assert len(find_launches(Disk(), str(tmp_path)).launches) <= 1
