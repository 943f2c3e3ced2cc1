"""The words and commands of the shell's language, as far as it is simulated."""

from __future__ import annotations

import dataclasses


class ShellSyntaxError(Exception):
    """The text is no shell command that is understood here."""


@dataclasses.dataclass(frozen=True)
class Part:
    """A piece of a word: ``text``, a variable's name, or a command to substitute."""

    kind: str
    value: str
    quoted: bool


Word = tuple[Part, ...]


@dataclasses.dataclass(frozen=True)
class Redirect:
    """``2>/dev/null``: the descriptor, the operator, where to; ``&`` as fd means both."""

    fd: str
    operator: str
    target: Word


@dataclasses.dataclass(frozen=True)
class Simple:
    """One program call, perhaps with assignments before it."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """Commands joined by pipes; `negate` for a leading ``!``."""

    commands: tuple[Node, ...]
    negate: bool = False


@dataclasses.dataclass(frozen=True)
class AndOr:
    """A pipeline and what follows on success (``&&``) or failure (``||``)."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...]


@dataclasses.dataclass(frozen=True)
class Sequence:
    """Lists one after the other; `subshell` if in parentheses."""

    items: tuple[AndOr, ...]
    subshell: bool = False
    redirects: tuple[Redirect, ...] = ()


@dataclasses.dataclass(frozen=True)
class If:
    """``if`` with its branches and what stands behind ``else``."""

    branches: tuple[tuple[Sequence, Sequence], ...]
    otherwise: Sequence | None
    redirects: tuple[Redirect, ...] = ()


@dataclasses.dataclass(frozen=True)
class For:
    """``for name in words``."""

    name: str
    words: tuple[Word, ...]
    body: Sequence
    redirects: tuple[Redirect, ...] = ()


Node = Simple | Sequence | If | For
Token = str | Redirect | Word
