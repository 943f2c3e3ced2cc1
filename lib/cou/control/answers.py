"""What the verbs of `control` answer."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib

from ..journal.records import RunState
from ..plan.plan import Plan, canonical
from ..wording import IN_DOCUMENTS, CommandStyle


@dataclasses.dataclass(frozen=True)
class PlanAnswer:
    """A plan that was shown; `remainder`: it is what is left of an unfinished run."""

    plan: Plan
    remainder: bool
    message: str
    left: Plan | None = None

    def text(self, form: str, style: CommandStyle = IN_DOCUMENTS) -> str:
        """Return it (its steps that are left) as ``text``, ``json`` or ``markdown``."""
        shown = self.left or self.plan
        shown = dataclasses.replace(
            shown, problems=tuple(one.text_for(style) for one in shown.problems)
        )
        if form == "json":
            return canonical({**shown.to_dict(), "hash": self.plan.hash})
        from ..show import plan_text

        form_of = plan_text.markdown if form == "markdown" else plan_text.text
        return form_of(shown, self.plan if self.remainder else None)


@dataclasses.dataclass(frozen=True)
class StartAnswer:
    """A run that was started or resumed; nothing begins that may end after `until`."""

    run: str
    resumed: bool
    log_path: pathlib.Path
    message: str
    until: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True)
class CancelAnswer:
    """An acknowledged cancel; `running` has maps with step, title, target, since.

    Where nothing has ever run, `state` is ``None``.
    """

    state: RunState | None
    message: str
    running: tuple[dict[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class ForceAnswer:
    """A forced cancel: ids of killed processes, and of tasks taken back and left to end."""

    message: str
    killed: tuple[int, ...]
    cancelled: tuple[int, ...]
    running: tuple[int, ...]
    in_doubt: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class AbandonAnswer:
    """An abandoned run; the marks are put back in the background."""

    message: str


@dataclasses.dataclass(frozen=True)
class RestoreAnswer:
    """Marks are put back in the background; the run stays unfinished."""

    message: str


@dataclasses.dataclass(frozen=True)
class ResolveAnswer:
    """A step's outcome, as an operator declared it."""

    message: str


@dataclasses.dataclass(frozen=True)
class ReportAnswer:
    """A run's report: `form` is markdown, json or html; `text` is the whole of it."""

    run: str
    form: str
    text: str
