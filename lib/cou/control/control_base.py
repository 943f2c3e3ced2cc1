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
from ..process.paths import Place
from ..show import view
from ..wording import CANCEL, FORCE, NAMED, Way, say


class Desk:
    """A unit's run, seen from outside the runner.

    Args:
        cancels: whether it is for a cancel, which only what it writes itself may stop.
    """

    def __init__(self, place: Place, by: str, way: Way = NAMED, *, cancels: bool = False):
        self._cancels = cancels
        self.place = place
        self.by = by
        self.way = way
        self.launcher = launcher.of(place)

    def audit(self, verb: str, text: str) -> None:
        """Log what an operator did."""
        audit.tell(audit.Event.ADMIN, self.by, verb, description=text)

    def for_cancel(self) -> Desk:
        """Return one for a cancel: what lies beside the journal does not stop it."""
        return Desk(self.place, self.by, self.way, cancels=True)

    def check(self) -> None:
        """See that nobody else can have put anything where the run keeps its things.

        Raises:
            CouError: it names what is of somebody else.
        """
        if self._cancels:
            ownership.check_journal(self.place)
            return
        try:
            ownership.check(self.place)
        except ownership.NotOurs as error:
            if error.path in self.place.in_use and liveness.is_any(self.place):
                first = say("A run goes on that uses it: run `", FORCE, "` first. ", error.remedy)
                raise CouError(error.code, error.seen, first) from error
            raise
        account_in_memory.sweep(self.place)

    def trouble(self) -> str:
        """Say what a cancel has passed over and somebody has to look at; it begins with a blank.

        Empty where there is nothing.
        """
        try:
            self.check()
        except CouError as error:
            found = error.told(self.way)
        except OSError as error:
            found = f"{error.filename}: {error.strerror}."
        else:
            return ""
        message = f" Look at this too: {found}"
        return message

    def _check_journal(self) -> None:
        """See that no run goes on that has another journal: this one would know nothing of it."""
        if runner_files.is_astray(self.place):
            raise JournalError(
                "journal-gone",
                lost_journal.gone(self.place),
                say("Run `", CANCEL, "`: it sees the run end, and names its tasks."),
            )

    def journal(self) -> Journal:
        """Open the journal; make it where there is none.

        Raises:
            JournalError: it cannot be read or made, or a run goes on that has another.
        """
        self.check()
        self._check_journal()
        self.place.make()
        self.check()
        return Journal(self.place.home)

    def existing(self) -> Journal | None:
        """Open the journal; None where nothing has ever been planned.

        Raises:
            JournalError: it cannot be read, or a run goes on that has another.
        """
        self.check()
        self._check_journal()
        if not (self.place.home / FILE).exists():
            return None
        return Journal(self.place.home, create=False, brief=self._cancels)

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
            silent = heartbeat.noted(self.place.silent)
            return view.look_at(self.place, journal, estimated=estimated, silent=silent)
