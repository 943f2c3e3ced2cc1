"""The README's table of promises: the tests that it names, and the code behind them."""

from __future__ import annotations

import dataclasses
import pathlib
import re

TOP = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Proof:
    """Code that keeps a promise, and the tests that say so.

    Attributes:
        promise: the first cell of its row in the README.
        file: the file of the code.
        places: qualified names of its functions and classes.
        tests: files that the row names and that run this code, quickest first.
        beside: files that the row does not name and that run this code quickly.
    """

    promise: str
    file: str
    places: tuple[str, ...]
    tests: tuple[str, ...]
    beside: tuple[str, ...] = ()


def named() -> dict[str, set[str]]:
    """Read the README's table: promise -> the test files that its row names."""
    text = (TOP / "README.md").read_text(encoding="utf-8")
    table = text.partition("## What is promised")[2].partition("\n## ")[0]
    rows = (line for line in table.splitlines() if line.startswith("| ") and "](tests/" in line)
    return {
        line.split("|")[1].strip().replace("`", ""): set(re.findall(r"\]\((tests/[^)]+)\)", line))
        for line in rows
    }


_JOURNAL = "tests/unit/journal/test_journal.py"
_WHOLE_RUN = "tests/simulation/test_whole_run.py"
_COMMANDS = "tests/integration/test_commands.py"
_UNFINISHED = "tests/simulation/test_unfinished.py"
_LOOK = "tests/unit/show/test_look.py"
_RESOLVE = "tests/unit/control/test_resolve.py"
_REUSED = "tests/processes/test_reused_pid.py"
_POINTS = "tests/proof/test_points.py"
_CHAINS = "tests/proof/test_chains.py"
_SUPERVISED = "tests/processes/test_supervised.py"
_UPCOMING = "tests/unit/control/test_upcoming.py"
_VERBS = "tests/unit/control/test_verbs.py"
_DURABLE = "tests/processes/test_durable.py"
_PLANNING = "tests/processes/test_planning.py"
_RESTORE = "tests/simulation/test_restore.py"
_FENCE = "tests/simulation/test_fence.py"
_TURN = "tests/unit/journal/test_turn.py"
_RESERVE = "tests/unit/journal/test_reserve.py"
_MIXED = "tests/unit/journal/test_mixed_journal.py"
_RESOLVING = "tests/unit/control/test_resolving.py"
_LEASE = "tests/simulation/test_lease.py"
_RUNS_AT_WORK = (
    _UNFINISHED,
    _RESTORE,
    _LEASE,
    _FENCE,
    _WHOLE_RUN,
    "tests/simulation/test_backups.py",
    "tests/simulation/test_differences.py",
    "tests/simulation/test_growth.py",
    "tests/simulation/test_hostile.py",
    "tests/simulation/test_late_changes.py",
    "tests/simulation/test_late_requests.py",
    "tests/simulation/test_lost_answers.py",
    "tests/simulation/test_lost_tasks.py",
    "tests/simulation/test_malformed_answers.py",
    "tests/simulation/test_overlap.py",
    "tests/simulation/test_part_again.py",
    "tests/simulation/test_removed.py",
    "tests/simulation/test_rolling.py",
    "tests/simulation/test_settled.py",
    "tests/simulation/test_taken_back.py",
    "tests/simulation/test_unproved.py",
    "tests/simulation/test_watch.py",
    "tests/simulation/test_window.py",
)
_STATES = "tests/processes/test_cancel_states.py"

_RUNS = "lib/cou/journal/runs.py"
_STEPS = "lib/cou/journal/steps.py"

PROOFS = (
    Proof(
        "plan",
        "lib/cou/plan/plan.py",
        ("canonical", "Plan.hash", "Plan.from_dict"),
        ("tests/unit/plan/test_plan.py", "tests/unit/plan/test_promises.py"),
    ),
    Proof(
        "plan",
        "lib/cou/control/control.py",
        ("Control.plan", "Control._remainder"),
        (_COMMANDS,),
        (_VERBS, _PLANNING),
    ),
    Proof(
        "upgrade",
        _RUNS,
        ("Runs.create_run", "Runs.resume_run"),
        (_JOURNAL, _CHAINS),
        (_UPCOMING, _VERBS),
    ),
    Proof(
        "upgrade",
        "lib/cou/control/start.py",
        ("start", "_begin", "_resume"),
        (_COMMANDS,),
        (_UPCOMING, _VERBS),
    ),
    Proof("upgrade", "lib/cou/work/attempt.py", ("Runner",), (_WHOLE_RUN,), _RUNS_AT_WORK),
    Proof(
        "upgrade-step",
        "lib/cou/work/executor.py",
        ("Executor",),
        (_WHOLE_RUN, _SUPERVISED, "tests/integration/test_steps.py"),
        _RUNS_AT_WORK,
    ),
    Proof("cancel", _STEPS, ("Steps.begin_step",), (_JOURNAL, _POINTS), (_FENCE,)),
    Proof(
        "cancel", "lib/cou/journal/fence.py", ("RunEvents._hold",), (_JOURNAL, _POINTS), (_FENCE,)
    ),
    Proof("cancel", _RUNS, ("Runs.cancel",), (_JOURNAL, _STATES), (_TURN, _RESERVE)),
    Proof(
        "cancel",
        "lib/cou/control/stop.py",
        ("cancel", "_cancel", "_acknowledge"),
        (_STATES, _COMMANDS),
        (_VERBS, _MIXED),
    ),
    Proof(
        "cancel force=true",
        "lib/cou/process/processes.py",
        ("kill_tree", "descendants", "await_end"),
        (
            "tests/unit/process/test_processes.py",
            _REUSED,
            "tests/processes/test_spinning.py",
            "tests/systemd/test_service.py",
        ),
    ),
    Proof(
        "status",
        "src/unit_status.py",
        ("of_run", "where", "_running", "_hung", "_halted", "_failed"),
        ("tests/charm/test_status.py",),
    ),
    Proof(
        "status",
        "lib/cou/show/view.py",
        ("view_of_journal", "is_alive", "is_going"),
        (_LOOK, _REUSED),
        (_MIXED, "tests/unit/show/test_metrics.py", "tests/unit/show/test_status_text.py"),
    ),
    Proof("restore", _STEPS, ("Steps.make_due", "Steps.add_step"), (_UNFINISHED,)),
    Proof(
        "restore",
        "lib/cou/work/release_marks.py",
        ("release_marks", "settle_put_backs"),
        (_UNFINISHED, _RESTORE),
        (_LEASE,),
    ),
    Proof(
        "resolve-step",
        _STEPS,
        ("Steps.resolve_step",),
        (_RESOLVE, _UNFINISHED),
        (_RESOLVING, _JOURNAL),
    ),
    Proof(
        "resolve-step",
        "lib/cou/control/control.py",
        ("Control.resolve_step",),
        (_RESOLVE,),
        (_RESOLVING,),
    ),
    Proof(
        "abandon",
        "lib/cou/work/release_marks.py",
        ("release_marks",),
        (_WHOLE_RUN, "tests/integration/test_steps.py"),
        (_RESTORE, _LEASE),
    ),
    Proof(
        "after any ending",
        "lib/cou/operations/calls.py",
        ("Calls",),
        (_CHAINS, "tests/proof/test_real.py", "tests/integration/test_disturbed.py"),
        _RUNS_AT_WORK,
    ),
    Proof(
        "after any ending",
        "lib/cou/work/lease.py",
        ("Lease",),
        (_CHAINS,),
        ("tests/unit/work/test_lease.py", _LEASE, "tests/unit/work/test_letting_go.py"),
    ),
    Proof(
        "after any ending",
        _RUNS,
        ("Runs.end_attempt",),
        (_CHAINS,),
        (_JOURNAL, _RESERVE, _VERBS),
    ),
    Proof(
        "after any ending",
        "lib/cou/journal/database.py",
        ("Database",),
        (
            "tests/formats/test_formats.py",
            "tests/processes/test_older_charm.py",
            _DURABLE,
        ),
        (_JOURNAL, _MIXED, _TURN, _RESERVE, _DURABLE),
    ),
    Proof(
        "a mistake",
        "src/parameters.py",
        ("plan_options", "choice", "plan_hash", "limit", "flag", "words"),
        ("tests/charm/test_parameters.py", "tests/integration/test_refusals.py"),
    ),
)
