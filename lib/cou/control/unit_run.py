"""What every verb of `control` stands on: the unit's place, its journal and who asks."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

from .. import audit
from ..errors import CouError, JournalError
from ..journal import FILE, Journal
from ..process import (
    account_in_memory,
    heartbeat,
    launcher,
    liveness,
    lost_journal,
    ownership,
    runner_files,
)
from ..process.paths import RunPaths
from ..show import view
from ..wording import CANCEL, FORCE, IN_DOCUMENTS, CommandStyle, join


class UnitRun:
    """A unit's run, seen from outside the runner.

    Args:
        cancels: whether it is for a cancel, which only what it writes itself may stop.
    """

    def __init__(
        self,
        paths: RunPaths,
        by: str,
        style: CommandStyle = IN_DOCUMENTS,
        *,
        cancels: bool = False,
    ):
        self._cancels = cancels
        self.paths = paths
        self.by = by
        self.style = style
        self.launcher = launcher.of(paths)

    def audit(self, verb: str, text: str) -> None:
        """Log what an operator did."""
        audit.log_event(audit.Event.ADMIN, self.by, verb, description=text)

    def for_cancel(self) -> UnitRun:
        """Return one for a cancel: what lies beside the journal does not stop it."""
        return UnitRun(self.paths, self.by, self.style, cancels=True)

    def check(self) -> None:
        """See that nobody else can have put anything where the run keeps its things.

        Raises:
            CouError: it names what is of somebody else.
        """
        if self._cancels:
            ownership.check_journal(self.paths)
            return
        try:
            ownership.check(self.paths)
        except ownership.ForeignFile as error:
            if error.path in self.paths.in_use and liveness.is_any(self.paths):
                first = join("A run goes on that uses it: run `", FORCE, "` first. ", error.remedy)
                raise CouError(error.code, error.seen, first) from error
            raise
        account_in_memory.sweep(self.paths)

    def trouble(self) -> str:
        """Say what a cancel has passed over and somebody has to look at; it begins with a blank.

        Empty where there is nothing.
        """
        try:
            self.check()
        except CouError as error:
            found = error.text_for(self.style)
        except OSError as error:
            found = f"{error.filename}: {error.strerror}."
        else:
            return ""
        message = f" Look at this too: {found}"
        return message

    def _check_journal(self) -> None:
        """See that no run goes on that has another journal: this one would know nothing of it."""
        if runner_files.is_astray(self.paths):
            raise JournalError(
                "journal-gone",
                lost_journal.gone(self.paths),
                join("Run `", CANCEL, "`: it sees the run end, and names its tasks."),
            )

    def journal(self) -> Journal:
        """Open the journal; make it where there is none.

        Raises:
            JournalError: it cannot be read or made, or a run goes on that has another.
        """
        self.check()
        self._check_journal()
        self.paths.make()
        self.check()
        return Journal(self.paths.home)

    def existing(self) -> Journal | None:
        """Open the journal; None where nothing has ever been planned.

        Raises:
            JournalError: it cannot be read, or a run goes on that has another.
        """
        self.check()
        self._check_journal()
        if not (self.paths.home / FILE).exists():
            return None
        return Journal(self.paths.home, create=False, brief=self._cancels)

    @contextlib.contextmanager
    def reading(self) -> Generator[Journal | None]:
        """Open the journal for a while, as `existing` does."""
        journal = self.existing()
        try:
            yield journal
        finally:
            if journal is not None:
                journal.close()

    def view(self, *, estimated: bool = False) -> view.View | None:
        """Read the journal; None where nothing has ever been planned.

        Args:
            estimated: say how long it will take, too; that reads all runs, and few want it.

        Raises:
            JournalError: it cannot be read.
        """
        with self.reading() as journal:
            if journal is None:
                return None
            silent = heartbeat.noted(self.paths.silent)
            return view.view_of_run(self.paths, journal, estimated=estimated, silent=silent)
