"""What a look at a run costs does not grow with what the run has behind it, or not faster."""

from __future__ import annotations

import asyncio
import datetime

import pytest
from cou.clock import LoopClock
from cou.errors import JujuError
from cou.journal import Journal
from cou.kinds import Kind
from cou.operations import late_tasks
from cou.operations.calls import RunContext
from cou.operations.step_context import StepContext
from cou.options.settings import Settings
from cou.plan.step import Step
from cou.show import estimate, history, run_report, status_text, view
from cou.wording import IN_DOCUMENTS

from .. import large

SMALL = 30
NOW = large.BEGAN + datetime.timedelta(days=1)
# As much again costs as much again; sorting costs a little more.
_LINEAR = 1.1
_MARK = "paused:app-0/0"


class Deaf:
    """Juju, of which nothing may be asked."""

    def __getattr__(self, name):
        raise JujuError("asked", f"{name} was asked of Juju", sent=False)


def holder(journal, attempt):
    async def check():
        pass

    return RunContext(journal, Deaf(), LoopClock(), None, attempt.run, attempt.token, check)


def looks_for_late_tasks(journal, attempt):
    async def look():
        assert await late_tasks.look(holder(journal, attempt)) == ()
        assert await late_tasks.look(holder(journal, attempt), large.ARCHIVE) == ()

    asyncio.run(look())


def uses_a_mark(journal, attempt):
    """Look for a mark, set it, and put it back."""
    step = Step("app-0/0", Kind.RUN_ACTION, "Do", target="app-0/0", timeout_s=600)

    async def use():
        shown = []

        async def show(marks):
            shown.append(marks)

        context = StepContext(
            holder(journal, attempt), step, Settings(), lambda: False, show, frozenset
        )
        assert context.marked(_MARK) is None
        await context.mark(_MARK, {"was": "x"})
        await context.unmark(_MARK)
        assert shown == [[_MARK], []]

    asyncio.run(use())


def sums_up(journal, _):
    assert view.summary(journal).startswith("starting app-")


def finds_open_tasks(journal, attempt):
    assert journal.open_tasks(attempt.run) == []


def shows(journal, _):
    seen = view.view_of_journal(journal, alive=True)
    status_text.text(seen, NOW, IN_DOCUMENTS)
    assert seen.to_dict()["steps"]


def reports(journal, _):
    account = history.make_report(journal, alive=True, now=NOW)
    for form in ("markdown", "json"):
        run_report.text(account, form)


def learns(journal, _):
    estimate.learn(journal)


def costs(tmp_path, look, **sizes):
    """Return what a look costs at three runs, which have one, two and three times so much."""
    found = []
    for times in (1, 2, 3):
        journal = Journal(tmp_path / f"{times}")
        attempt = large.make(journal, **{name: size * times for name, size in sizes.items()})
        look(journal, attempt)  # what is read once for all looks is read now
        found.append(large.cost(journal, lambda: look(journal, attempt)))  # noqa: B023
        journal.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "look", [looks_for_late_tasks, uses_a_mark, sums_up, finds_open_tasks, shows]
)
def test_a_look_costs_the_same_whatever_a_step_has_sent(tmp_path, look):
    first, second, third = costs(tmp_path, look, batches=SMALL)
    assert first == second == third


@pytest.mark.slow
@pytest.mark.parametrize("look", [looks_for_late_tasks, uses_a_mark, sums_up, finds_open_tasks])
def test_a_look_costs_the_same_whatever_other_steps_have_sent_and_switched(tmp_path, look):
    first, second, third = costs(tmp_path, look, applications=SMALL)
    assert first == second == third


@pytest.mark.sampled(4)
@pytest.mark.slow
@pytest.mark.parametrize("look", [shows, reports, learns])
@pytest.mark.parametrize(
    "sizes",
    [{"batches": SMALL}, {"applications": SMALL}, {"batches": SMALL, "kills": SMALL}],
    ids=["sent", "steps", "resumptions"],
)
def test_what_tells_of_a_whole_run_costs_no_more_than_in_proportion(tmp_path, look, sizes):
    for once, twice, thrice in zip(*costs(tmp_path, look, **sizes), strict=True):
        assert thrice - twice <= (twice - once) * _LINEAR
