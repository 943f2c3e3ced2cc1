"""Looks at a long run in the journal: what they take beside looks at one half as long.

Real time, the best of several: a ratio of two is in proportion, of four quadratic.
"""

from __future__ import annotations

import asyncio
import datetime
import pathlib
import tempfile
import time
from collections.abc import Callable
from typing import Any

from cou.clock import LoopClock
from cou.journal import Journal, rows
from cou.operations import late_tasks
from cou.operations.calls import Calls, RunContext
from cou.show import estimate, history, run_report, status_text, view
from cou.wording import IN_DOCUMENTS
from cou.work import drift

from tests.simulation import world as worlds
from tests.unit import large

_NOW = large.BEGAN + datetime.timedelta(days=1)


def growth(batches: int = 2000, times: int = 5) -> dict[str, Any]:
    """Return what looks take at a run whose archiving has sent so many batches.

    Each batch was one of another resumption, which is the worst that there is.

    Args:
        batches: how many; the other run has half of them.
        times: how often each look is taken; the shortest counts.
    """
    half, whole = (_looks(many, times) for many in (batches // 2, batches))
    return {
        "batches": batches,
        **{f"{name}-ms": took * 1000 for name, took in whole.items()},
        **{f"{name}-to-half": whole[name] / half[name] for name in whole},
    }


def _looks(batches: int, times: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=worlds.MEMORY) as folder:
        journal = Journal(pathlib.Path(folder))
        attempt = large.make(journal, batches=batches, kills=batches)
        every: dict[str, Callable[[], Any]] = {
            "resumption": lambda: asyncio.run(_resume(journal, attempt)),
            "view": lambda: view.view_of_journal(journal, alive=True),
            "status": lambda: status_text.text(_seen(journal), _NOW, IN_DOCUMENTS),
            "summary": lambda: view.summary(journal),
            "report": lambda: _report(journal),
        }
        found = {name: min(_took_s(look) for _ in range(times)) for name, look in every.items()}
        journal.close()
        return found


def _took_s(look: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    look()
    return time.perf_counter() - begun


def _seen(journal: Journal) -> view.View:
    seen = view.view_of_journal(journal, alive=True, estimated=False)
    if seen is None:
        raise RuntimeError("there is no run")
    return seen


def _report(journal: Journal) -> None:
    account = history.make_report(journal, alive=True, now=_NOW)
    if account is None:
        raise RuntimeError("there is no run")
    run_report.text(account, "json")


async def _resume(journal: Journal, attempt: Any) -> None:
    """Read what a runner reads before it sends the next batch, without Juju."""

    async def check() -> None:
        pass

    none: Any = None
    held = RunContext(journal, none, LoopClock(), none, attempt.run, attempt.token, check)
    plan, records = rows.plan(journal.run(attempt.run).plan), journal.steps(attempt.run)
    operations, marks = journal.operations(attempt.run), journal.marks(attempt.run)
    drift.unproved(plan, records, operations, marks)
    estimate.learn(journal)
    await late_tasks.look(held)
    calls = Calls(held, large.ARCHIVE, 600.0)
    calls.latest(f"batch-{calls.newest('batch-')}")
    await late_tasks.look(held, large.ARCHIVE)
