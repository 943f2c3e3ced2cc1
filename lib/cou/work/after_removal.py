"""Ends a run whose unit was removed without its hooks, and leaves word where a person looks."""

from __future__ import annotations

import contextlib
import logging
import pathlib
from collections.abc import Awaitable, Callable, Iterator, Sequence

from .. import printable
from ..checks import undo_commands
from ..errors import CouError
from ..journal import Journal, rows
from ..journal.records import LEFT as FILE
from ..journal.records import Attempt, Job, Limit, Mark, MarkState, Run, RunState, StepState

logger = logging.getLogger("cou.removal")

_UNKNOWN = "This cou does not know how to undo it"


async def end_removed_run(
    journal: Journal,
    run: str,
    unit: str,
    home: pathlib.Path,
    work: Callable[[Attempt], Awaitable[object]],
) -> None:
    """Put back what may go back, as `abandon` does, and write down what remains.

    Args:
        journal: the journal; no attempt at the run goes on.
        run: the run's id.
        unit: the unit that was removed.
        home: the journal's folder.
        work: does an attempt and records how it ended.
    """
    try:
        if not journal.run(run).state.finished:
            await work(journal.resume_run(run, Job.ABANDON, Limit()))
    except CouError as error:
        logger.error("%s: %s", error.code, error)
    text = left(journal, run, unit)
    for line in text.splitlines():
        logger.warning("%s", line)
    try:
        (home / FILE).write_text(text, encoding="utf-8")
    except OSError as error:
        logger.error("%s could not be written: %s", home / FILE, error.strerror)


def forget(home: pathlib.Path) -> None:
    """Remove what an earlier run has left there: another goes on."""
    with contextlib.suppress(OSError):
        (home / FILE).unlink(missing_ok=True)


def undo_texts(marks: Sequence[Mark]) -> dict[str, str]:
    """Return for each mark that is not put back how it is undone, as a sentence."""
    return {
        mark.id: f"{undo_commands.of_mark(mark.id, mark.data) or _UNKNOWN}"
        for mark in marks
        if mark.state is not MarkState.PUT_BACK
    }


def left(journal: Journal, run: str, unit: str) -> str:
    """Return what remains of a run, for a person: what is switched, with what undoes it."""
    found = journal.run(run)
    lines = [
        f"The unit {unit} was removed while run {run} was going on.",
        *_end(journal, found),
        "",
        "Still switched:",
        *(_switched(journal.marks(run)) or ["- nothing"]),
    ]
    tasks = journal.open_tasks(run)
    if tasks:
        lines += ["", "Tasks in Juju whose end nobody has seen:"]
        lines += [f"- juju show-task {task}" for task in tasks]
    doubts = [one for one in journal.steps(run).values() if one.state is StepState.IN_DOUBT]
    if doubts:
        lines += ["", "Steps whose end is not known. Look at what they are named for:"]
        lines += [f"- {one.id}" for one in doubts]
    return "".join(f"{printable.line(line)}\n" for line in lines)


def _end(journal: Journal, run: Run) -> Iterator[str]:
    records = journal.steps(run.id)
    planned = [step.id for step in rows.plan(run.plan).root.single_steps()]
    over = sum(records[one].state.over for one in planned if one in records)
    yield f"Its state is {run.state.value}. Steps finished: {over} of {len(planned)}."
    if not run.state.finished:
        yield f"Not all could be put back. {run.error.told}".rstrip()
    if run.state is not RunState.COMPLETED:
        yield "To finish the upgrade, plan with another unit of cou, or deploy cou again."


def _switched(marks: Sequence[Mark]) -> list[str]:
    notes = {mark.id: f" ({mark.note})" if mark.note else "" for mark in marks}
    return [f"- {mark}{notes[mark]}. {how}." for mark, how in undo_texts(marks).items()]
