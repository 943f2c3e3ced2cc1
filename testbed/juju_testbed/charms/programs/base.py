"""What a simulated program is given and what it gives back."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..shell import Shell
    from ..site import Site
    from ..world import File


@dataclasses.dataclass(frozen=True)
class Result:
    """Exit code and what was printed."""

    code: int
    out: str = ""
    err: str = ""


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a program.

    Attributes:
        shell: the shell that called it, to run other programs from it.
        site: the unit.
        name: the program as it was called.
        args: its arguments.
        env: its environment.
        stdin: what it can read.
    """

    shell: Shell
    site: Site
    name: str
    args: list[str]
    env: dict[str, str]
    stdin: str

    def plain(self) -> list[str]:
        """Return the arguments that are no options."""
        return [arg for arg in self.args if not arg.startswith("-") or arg == "-"]

    def flag(self, *names: str) -> bool:
        """Whether an option was given; short ones may be bundled (``-qF``)."""
        short = {name[1] for name in names if len(name) == 2}
        for arg in self.args:
            bundled = arg.startswith("-") and not arg.startswith("--") and short & set(arg[1:])
            if arg in names or bundled:
                return True
        return False

    def file(self, path: str) -> File | None:
        """Return a file of the unit's machine."""
        return self.site.machine.files.get(path)

    def missing(self, path: str, what: str = "") -> str:
        """Return what coreutils say of a file that is not there."""
        tool = self.name.rpartition("/")[2]
        return f"{tool}: {what}{path}: No such file or directory\n"


Program = Callable[[Call], Awaitable[Result]]
