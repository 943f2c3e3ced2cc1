"""The page of statuses says what the source says, word by word, and leaves nothing out."""

from __future__ import annotations

import ast
import dataclasses
import pathlib
import re

import pytest
from cou.errors import CouError
from cou.journal.records import Job, MarkState, RunState
from cou.kinds import Kind
from cou.plan.step import Step
from cou.wording import IN_DOCUMENTS

import results
import unit_status

from ..charm.fakes import (
    NOON,
    AbandonAnswer,
    CancelAnswer,
    ForceAnswer,
    ReportAnswer,
    Shown,
    StartAnswer,
    View,
    attempt,
    mark,
    plan_of,
)
from . import sentences
from .codes import Source, Unreadable, raised

PAGE = (pathlib.Path(__file__).parents[2] / "docs/reference/statuses.md").read_text()
UPGRADE = Step("keystone/0/upgrade-unit", Kind.UPGRADE_UNIT, "Upgrade keystone/0")
AT_41 = View("r1", RunState.RUNNING, number=41, total=312, title=UPGRADE.title, running=(UPGRADE,))
VIEWS = (
    View("r1", RunState.PLANNED),
    View("r1", RunState.STARTING),
    View("r1", RunState.RUNNING),
    AT_41,
    dataclasses.replace(AT_41, attempt=attempt(Job.ABANDON)),
    dataclasses.replace(AT_41, state=RunState.WAITING, waits_for="unseal vault/0"),
    dataclasses.replace(AT_41, state=RunState.DRAINING),
    dataclasses.replace(AT_41, state=RunState.DRAINING, running=()),
    dataclasses.replace(AT_41, silent_since=NOON),
    dataclasses.replace(AT_41, state=RunState.STOPPED),
    dataclasses.replace(AT_41, state=RunState.STOPPED, again=("noout", "disable")),
    dataclasses.replace(AT_41, state=RunState.KILLED),
    dataclasses.replace(AT_41, state=RunState.INTERRUPTED),
    dataclasses.replace(AT_41, state=RunState.FAILED, error="keystone/0 is in error"),
    View("r1", RunState.REFUSED, error="nova is gone"),
    View("r1", RunState.COMPLETED),
    View("r1", RunState.COMPLETED, marks=(mark("paused:nova-compute/0", MarkState.KEPT),)),
    View("r1", RunState.COMPLETED, left=("nova-compute/3 (5 instances)", "ovn-central")),
    View("r1", RunState.ABANDONED),
    dataclasses.replace(AT_41, state=RunState.ABANDONED),
)
ROW = re.compile(r"^\| (active|maintenance|waiting|blocked) \| `([^`]+)`", re.MULTILINE)


def shown():
    """Return every status that the charm makes, as kind and message."""
    statuses = [unit_status.of_run(view, "cou/0") for view in VIEWS]
    refusal = "Login at 10.0.0.1:17070: invalid entity name or password."
    statuses += [unit_status.not_taken(refusal, "cou/0")]
    statuses += [unit_status.ready(leader=True), unit_status.ready(leader=False)]
    return {(one.name, one.message) for one in statuses}


def test_the_page_lists_the_statuses_that_the_charm_makes_and_no_other():
    assert set(ROW.findall(PAGE)) == shown()


def test_no_state_of_a_run_is_left_out():
    assert {view.state for view in VIEWS} == set(RunState)
    assert all(f"`{state.value}`" in PAGE for state in RunState)


def test_every_status_has_its_meaning_next_step_and_way_back():
    rows = [line for line in PAGE.splitlines() if ROW.match(line)]
    assert all(len(line.strip("|").split(" | ")) == 5 for line in rows)
    assert all(cell.strip() for line in rows for cell in line.strip("|").split(" | "))


def test_trouble_keeps_its_command_whole():
    trouble = unit_status.of_error(CouError("x", "seen " * 40, "Run: juju config cou"), "cou/0")
    assert trouble.name == "blocked"
    assert trouble.message.endswith("Run: juju config cou")


def answers(tmp_path):
    """Return the results of every action, by the name of its row."""
    plan = plan_of_nothing()
    shown = Shown(plan, message="m")
    started = StartAnswer("r1", True, pathlib.Path("/log"), "m", NOON)
    return {
        "plan": results.plan(shown, "text", tmp_path, "next", IN_DOCUMENTS),
        "upgrade": results.start(started, AT_41),
        "cancel": results.cancel(CancelAnswer(RunState.DRAINING, "m")),
        "cancel force=true": results.force(ForceAnswer("m", (), (), (), ()), AT_41),
        "status": {
            **results.status(AT_41, "text", "cou/0", tmp_path),
            **results.status(AT_41, "json", "cou/0", tmp_path),
        },
        "abandon": results.abandon(AbandonAnswer("m")),
        "report": {
            **results.report(ReportAnswer("r1", "html", "<p>"), "cou/0", tmp_path),
            **results.report(ReportAnswer("r1", "markdown", "#"), "cou/0", tmp_path),
        },
    }


def plan_of_nothing():
    from cou.options.options import Options

    return plan_of(Options(), (), ())


@pytest.mark.parametrize(
    "action", ["plan", "upgrade", "cancel", "cancel force=true", "status", "abandon", "report"]
)
def test_the_page_names_exactly_the_results_of_an_action(action, tmp_path):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{action}`"))
    named = set(re.findall(r"`([a-z0-9-]+)`", row.strip("|").split(" | ")[1]))
    assert named == set(answers(tmp_path)[action])


@pytest.mark.slow
def test_every_error_code_is_on_the_page_and_no_other():
    page = PAGE[PAGE.index("## Error codes") :]
    listed: set[str] = set()
    for line in page.splitlines():
        if line.startswith("| `"):
            listed |= set(re.findall(r"`([a-z-]+)`", line.split(" | ")[0]))
    assert listed == set(raised(others={"Finding"}))


HIDDEN = """
class Odd(BadInput):
    def __init__(self, seen):
        super().__init__("of-a-class", seen)

_TABLE = {1: ("in-a-table", "remedy"), 2: ("in-it-too", "")}
_BY_JOB = {3: "by-its-job"}

def refuse(number, which):
    code, remedy = _TABLE.get(number, ("not-in-it", ""))
    raise JujuError(code, "seen", remedy)

class Work:
    def _halt(self, code, seen):
        return {"code": code, "seen": seen}

    def work(self):
        self._halt("from-its-method", "seen")

def halt(code, seen):
    return {"code": code, "seen": seen}

def go(error, ambiguous, job):
    halt("from-its-caller", "seen")
    raise errors.StepFailed(code="by-name", seen="seen") from CouError(error.code, "seen")
    raise BadInput("either" if ambiguous else "or-the-other", "seen")
    raise BadInput(_BY_JOB[job], "seen")
    raise Odd("seen")
    raise BadInput("of-a-key/which-2", unit=job)
"""
ERRORS = "class BadInput(CouError): ...\nclass JujuError(CouError): ...\n"
ERRORS += "class StepFailed(CouError): ...\n"


def parsed(text: str) -> Source:
    return Source({"m.py": ast.parse(ERRORS + text)})


def test_a_code_is_found_wherever_it_stands():
    assert set(raised(parsed(HIDDEN))) == {
        "of-a-class", "in-a-table", "in-it-too", "not-in-it", "from-its-caller",
        "from-its-method", "by-name",
        "either", "or-the-other", "by-its-job", "of-a-key",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "raise BadInput(f'nothing-to-{job}', 'seen')",
        "raise BadInput(make(), 'seen')",
        "raise BadInput(*both)",
        "x = {'code': 'a' + 'b'}",
        "raise BadInput('a-key/', unit=unit)",
        "def f(code):\n    raise BadInput(code, 'seen')\nf(made())",
    ],
)
def test_a_code_that_cannot_be_read_is_not_passed_over(text):
    with pytest.raises(Unreadable):
        raised(parsed(text))


def part(heading: str, until: str) -> list[list[str]]:
    """Return the cells of the rows between two headings, without the tables' heads."""
    text = PAGE[PAGE.index(heading) : PAGE.index(until)]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows]


def test_every_message_of_an_action_is_on_the_page_word_by_word():
    rows = [row for row in part("### What they say", "The result `next`")]
    shown = {text for row in rows[1:] for text in re.findall(r"`([^`]+)`", row[1])}
    said = sentences.answers()
    # The verb of this one is chosen elsewhere in the function.
    begun = "Run … … in the background."
    assert begun in said
    said = said - {begun} | {
        begun.replace("… …", f"… {verb}") for verb in ("has begun", "goes on")
    }
    assert shown == said
    assert all(len(row) == 5 and all(row) for row in rows)


def test_every_next_step_of_a_plan_is_on_the_page_word_by_word():
    rows = part("The result `next`", "## What `juju debug-log` shows")
    assert {row[0].strip("`") for row in rows[1:]} == sentences.next_steps()


def test_every_line_of_the_charm_in_the_log_is_on_the_page_word_by_word():
    rows = part("## What `juju debug-log` shows", "## Error codes")
    shown = {row[1].strip("`") for row in rows[1:]}
    others = {one for one in shown if one.startswith("{") or one in ANSWERED}
    assert shown - others == sentences.logged() - {"…"}
    assert all(len(row) == 4 and all(row) for row in rows)


# What a hook logs of an answer's message.
ANSWERED = {"Run … goes on in the background."}
