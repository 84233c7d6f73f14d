"""Interprets shell scripts, to find the programs that they run.  Nothing is executed.

If the repository does not determine a condition, every branch is followed with its own copy of the variables.  A
variable on which the branches disagree is unknown afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from flake8_forksafe.deployment.model import Place, Unusable, Word
from flake8_forksafe.deployment.shell_builtins import BUILTINS, SUCCESS, UNKNOWN, Ending
from flake8_forksafe.deployment.shell_tree import (
    Assignment,
    Chain,
    Group,
    Not,
    Pipe,
    Script,
    ShellCase,
    ShellFunction,
    ShellIf,
    ShellLoop,
    Simple,
    Statement,
)
from flake8_forksafe.deployment.shell_values import Budget, Expander, State

MOST_ROUNDS = 64
DEEPEST_CALL = 20

Execute = Callable[[Sequence[Word], Mapping[str, Word], str, Place], None]
"""Runs an external program: arguments, environment, working directory, place."""

ReadSource = Callable[[str, str], "tuple[str, str] | None"]
"""The path and the text of a file that ``source`` names, as seen from a directory."""


class ShellInterpreter:
    """Follows a script and hands every program it starts to ``execute``.

    :param parse: the statements of a script whose first line has that number; raises ``Unusable``.
    :param path: the file that the script stands in, for the places of its words.
    """

    def __init__(
        self, execute: Execute, read_source: ReadSource, parse: Callable[[str, int], Script], path: str, budget: Budget
    ) -> None:
        self.execute = execute
        self.read_source = read_source
        self.parse = parse
        self.path = path
        self.line = 0
        self.budget = budget
        self.depth = 0
        self.expander = Expander(self.capture)

    @property
    def expanded(self) -> set[str]:
        """Names of the variables that were read."""
        return self.expander.read

    def run(self, script: Script, state: State) -> Ending:
        """Run statements in order."""
        outcome = SUCCESS
        for statement in script:
            self.budget.left -= 1
            if self.budget.left < 0:
                if self.budget.left == -1:  # whoever executes says so
                    self.execute((), {}, state.directory, Place(self.path, self.line))
                return Ending(None, "exit")
            outcome = self.statement(statement, state)
            if outcome.ended:
                break
        return outcome

    def statement(self, statement: Statement, state: State) -> Ending:
        """Run one statement."""
        if isinstance(statement, Simple):
            return self._simple(statement, state)
        if isinstance(statement, Chain):
            return self._chain(statement, state)
        if isinstance(statement, ShellIf):
            return self._if(statement, state)
        if isinstance(statement, ShellCase):
            return self._case(statement, state)
        if isinstance(statement, ShellLoop):
            return self._loop(statement, state)
        if isinstance(statement, ShellFunction):
            state.functions[statement.name] = self.path, statement.body
            return SUCCESS
        if isinstance(statement, Not):
            outcome = self.statement(statement.statement, state)
            return outcome._replace(status=None if outcome.status is None else not outcome.status)
        if isinstance(statement, Pipe):
            for part in statement.statements:
                self.statement(part, state.copy())
            return UNKNOWN
        return self._group(statement, state)

    def _group(self, group: Group, state: State) -> Ending:
        if not group.is_subshell:
            return self.run(group.body, state)
        return self.run(group.body, state.copy())._replace(ended="")

    def _chain(self, chain: Chain, state: State) -> Ending:
        outcome = self.statement(chain.first, state)
        for operator, statement in chain.rest:
            if outcome.ended:
                return outcome
            wanted = operator == "&&"
            if outcome.status is None:
                self._perhaps([(statement,)], state)
                outcome = UNKNOWN
            elif outcome.status is wanted:
                outcome = self.statement(statement, state)
        return outcome

    def _if(self, statement: ShellIf, state: State) -> Ending:
        open_branches: list[Script] = []
        for condition, body in statement.branches:
            outcome = self.run(condition, state)
            if outcome.ended:
                return outcome
            if outcome.status:
                return self._perhaps([*open_branches, body], state, True) if open_branches else self.run(body, state)
            if outcome.status is None:
                open_branches.append(body)
        if not open_branches:
            return self.run(statement.otherwise, state)
        return self._perhaps([*open_branches, statement.otherwise], state, True)

    def _case(self, case: ShellCase, state: State) -> Ending:
        subject = self.expander.single(case.subject, state, self.path)
        open_branches: list[Script] = []
        for patterns, body in case.branches:
            words = [self.expander.single(pattern, state, self.path) for pattern in patterns]
            if any(word.text == "*" for word in words):
                return self._perhaps([*open_branches, body], state, True) if open_branches else self.run(body, state)
            if subject.unknown or any(word.unknown for word in words):
                open_branches.append(body)
            elif any(fnmatchcase(subject.text, word.text) for word in words):
                return self._perhaps([*open_branches, body], state, True) if open_branches else self.run(body, state)
        return self._perhaps(open_branches, state)

    def _perhaps(self, branches: Iterable[Script], state: State, complete: bool = False) -> Ending:
        """Follow each branch, since it is not known which one is taken.

        :param complete: whether one of them is taken for certain.
        """
        copies, outcomes = [], []
        for branch in branches:
            copy = state.copy()
            outcomes.append(self.run(branch, copy))
            if not outcomes[-1].ended:
                copies.append(copy)
        if complete and outcomes and not copies:
            return outcomes[-1]
        state.merge(copies if complete else [state.copy(), *copies])
        return UNKNOWN

    def _loop(self, loop: ShellLoop, state: State) -> Ending:
        if loop.variable:
            return self._for(loop, state)
        for _ in range(MOST_ROUNDS):
            before = state.copy()
            status = self.run(loop.condition, state).status
            if status is not True:
                if status is None:
                    self._perhaps([loop.body], state)
                return UNKNOWN
            outcome = self.run(loop.body, state)
            if outcome.ended in ("exit", "return"):
                return outcome
            if outcome.ended == "break" or state == before:
                return UNKNOWN
        return UNKNOWN

    def _for(self, loop: ShellLoop, state: State) -> Ending:
        if loop.words is None:
            values = list(state.arguments or ())
        else:
            values = [word for parts in loop.words for word in self.expander.fields(parts, state, self.path)]
        for value in values[:MOST_ROUNDS]:
            state.variables[loop.variable] = (value,)
            if value.unknown:
                self._perhaps([loop.body], state)
                continue
            outcome = self.run(loop.body, state)
            if outcome.ended in ("exit", "return"):
                return outcome
            if outcome.ended == "break":
                break
        return UNKNOWN

    def _simple(self, simple: Simple, state: State) -> Ending:
        words = [word for parts in simple.words for word in self.expander.fields(parts, state, self.path)]
        if not words:
            for assignment in simple.assignments:
                self._assign(assignment, state)
            return SUCCESS
        target = state.copy() if simple.assignments else state
        for assignment in simple.assignments:
            self._assign(assignment, target)
            target.exported.add(assignment.name)
        self.line = simple.line
        return self.command(words, target)

    def _assign(self, assignment: Assignment, state: State) -> None:
        if assignment.is_array:
            values = tuple(
                word for parts in assignment.values for word in self.expander.fields(parts, state, self.path)
            )
        else:
            values = (self.expander.single(assignment.values[0], state, self.path),)
        before = state.variables.get(assignment.name, ()) if assignment.is_added else ()
        if before and not assignment.is_array:
            added = values[0]
            joined = Word(before[0].text + added.text, added.place, before[0].unknown + added.unknown)
            values = (joined, *before[1:])
        elif before:
            values = before + values
        state.assign(assignment.name, values)

    def command(self, words: Sequence[Word], state: State) -> Ending:
        """Run a command: a function of the script, a part of the shell, or a program."""
        name = words[0].text
        function = state.functions.get(name)
        if function is not None:
            return self._call(*function, words[1:], state)
        builtin = BUILTINS.get(name)
        if builtin is not None:
            return builtin(self, words, state)
        return self.program(words, state)

    def source(self, name: str, directory: str) -> tuple[str, str] | None:
        """The path and the text of a file that ``source`` names, as seen from a directory."""
        return self.read_source(name, directory)

    def program(self, words: Sequence[Word], state: State) -> Ending:
        """Run an external program."""
        if state.output is not None:
            state.output.append(None)
        else:
            self.execute(words, state.environ(), state.directory, Place(self.path, self.line))
        return UNKNOWN

    def _call(self, path: str, body: Script, arguments: Sequence[Word], state: State) -> Ending:
        if self.depth >= DEEPEST_CALL:
            return UNKNOWN
        outer, state.arguments = state.arguments, tuple(arguments)
        outcome = self._inside(path, body, state)
        state.arguments = outer
        return outcome._replace(ended="") if outcome.ended == "return" else outcome

    def nested(self, text: str, path: str, line: int, state: State) -> Ending:
        """Run another script in this shell."""
        if self.depth >= DEEPEST_CALL:
            return UNKNOWN
        try:
            script = self.parse(text, line)
        except Unusable:
            return UNKNOWN
        return self._inside(path, script, state)

    def _inside(self, path: str, script: Script, state: State) -> Ending:
        """Run statements that stand in another file, or in another place of this one."""
        outer, self.path = self.path, path
        self.depth += 1
        outcome = self.run(script, state)
        self.depth -= 1
        self.path = outer
        return outcome

    def capture(self, text: str, state: State, line: int) -> str | None:
        """What a command substitution yields; None if that is not known."""
        copy = state.copy()
        copy.output = []
        self.nested(text, self.path, line, copy)
        if any(part is None for part in copy.output) or not copy.output:
            return None
        return "\n".join(part for part in copy.output if part is not None)
