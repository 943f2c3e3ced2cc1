"""What is drawn and said: durations, the time left, lines, the picture, hostile names."""

from __future__ import annotations

import dataclasses
import datetime
import io
import logging
import signal
import threading
import time

import pytest
from cou import printable
from cou.checks.problem import Problem, Severity
from cou.cli import approval, command_process, exit_codes, planning, upgrade, worker_thread
from cou.cli.exit_codes import CommandInterrupted, ExitCode
from cou.cli.follow import FollowedAttempt
from cou.cli.live_view import LiveView
from cou.cli.progress_lines import ProgressLines
from cou.cli.screen import Screen
from cou.cli.signals import Signals
from cou.control.answers import ForceAnswer
from cou.errors import NO_CAUSE, BadInput
from cou.journal.records import RunState, StepRecord, StepState
from cou.journal.waits import CurrentWait
from cou.juju.port import ApplicationStatus, ModelStatus, Status
from cou.kinds import Kind
from cou.options.options import Options
from cou.plan.plan import Plan
from cou.plan.step import Step
from cou.show import formatting, status_text
from cou.show.view import View
from cou.wording import COMMAND_LINE, OwnCommand, join
from rich.console import Console

from tests.planned_steps import planned_step

T0 = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc)


def leaf(name, kind=Kind.REFRESH, title=""):
    return planned_step(name, kind, title or f"Do {name}")


def application(name, *steps, part="application"):
    return Step(
        id=name,
        kind=Kind.GROUP,
        title=f"Upgrade plan for '{name}' to 'victoria'",
        params={"part": part},
        steps=steps,
    )


def plan(*steps):
    root = Step(
        id="upgrade", kind=Kind.GROUP, title="All", params={"part": "section"}, steps=steps
    )
    return Plan("m", "uuid", "ussuri", "victoria", Options(), (), (), root)


PLAN = plan(
    leaf("idle", Kind.WAIT_IDLE),
    leaf("backup", Kind.BACKUP_DATABASE),
    application("keystone", leaf("keystone/a"), leaf("keystone/b", Kind.WAIT_IDLE)),
    leaf("between"),
    application("glance", leaf("glance/a"), leaf("glance/b")),
    leaf("after"),
)


def record(name, state, begun=0.0, took=None, **more):
    started = T0 + datetime.timedelta(seconds=begun)
    ended = started + datetime.timedelta(seconds=took) if took is not None else None
    fields = {"note": "", "error": ""} | more
    pending = state is StepState.PENDING
    return StepRecord(name, 0, state, 1, None if pending else started, ended, **fields)


def view(plan=PLAN, state=RunState.RUNNING, waits="", **states):
    records = {
        step.id: record(step.id, StepState.PENDING) for step in plan.root.single_steps()
    } | states.pop("records", {})
    known = {field.name for field in dataclasses.fields(View)}
    values = {name: "" for name in known} | {
        "run": "r1",
        "state": state,
        "plan": plan,
        "number": 1,
        "total": len(records),
        "next": "after",
        "marks": (),
        "steps": records,
        "attempt": None,
        "tasks": {},
        "waits": tuple(CurrentWait(join(one)) for one in waits.splitlines()),
        "failure": NO_CAUSE,
        "left_s": 0.0,
        "silent_since": None,
    }
    return View(**values)


def test_only_applications_and_zones_are_asked_about():
    pieces = approval.plan_parts(PLAN)
    assert [piece.step.id for piece in pieces] == [
        "idle",
        "backup",
        "keystone",
        "between",
        "glance",
        "after",
    ]
    assert [piece.step.id for piece in pieces if piece.asked] == ["keystone", "glance"]


def test_a_zone_is_asked_about_once_and_before_its_first_host():
    hosts = [application(f"az1/{n}", leaf(f"az1/{n}/a"), part="host") for n in range(2)]
    zone = application("az1", leaf("az1/option"), *hosts, part="zone")
    pieces = approval.plan_parts(plan(application("keystone", leaf("keystone/a")), zone))
    assert [piece.step.id for piece in pieces if piece.asked] == ["keystone", "az1"]
    assert pieces[1].step_ids == ("az1/option", "az1/0/a", "az1/1/a")
    assert approval.parts_until_question(pieces) == 1


def test_one_yes_reaches_as_far_as_the_next_question():
    pieces = approval.plan_parts(PLAN)
    assert approval.parts_until_question(pieces) == 2  # the checks before the first application
    assert approval.parts_until_question(pieces[2:]) == 2  # keystone, and what follows it
    assert approval.parts_until_question(pieces[4:]) == 2  # glance, and the rest


def test_a_half_done_application_is_asked_about_again():
    done = {"idle", "backup", "keystone/a"}
    records = {name: record(name, StepState.DONE, 0, 1) for name in done}
    left = approval.unfinished(approval.plan_parts(PLAN), records)
    assert [piece.step.id for piece in left] == ["keystone", "between", "glance", "after"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (59, "59s"), (133, "2m 13s"), (7380, "2h 03m")]
)
def test_durations_are_for_people(seconds, text):
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("state", "left_s", "told"),
    [
        (RunState.RUNNING, 133.0, "about 2m 13s left"),
        (RunState.RUNNING, 0.0, ""),
        (RunState.DRAINING, 133.0, ""),
    ],
)
def test_the_picture_shows_the_time_left_that_status_shows(state, left_s, told):
    seen = dataclasses.replace(view(state=state), left_s=left_s)
    shown = drawn(seen)
    assert told in shown
    assert ("left" in shown) is bool(told)


def test_lines_tell_each_change_once():
    lines = ProgressLines(begins=True)
    lines.start(None)
    running = view(
        records={"idle": record("idle", StepState.RUNNING)}, waits="keystone/0: executing"
    )
    assert list(lines.between(running, T0)) == [
        "[1/8] Do idle",
        "    waits: keystone/0: executing",
    ]
    assert list(lines.between(running, T0)) == []
    done = view(records={"idle": record("idle", StepState.DONE, 0, 5)})
    assert list(lines.between(done, T0)) == ["[1/8] Do idle: done, 5s"]


def test_lines_do_not_tell_again_what_an_earlier_attempt_did():
    before = view(records={"idle": record("idle", StepState.DONE, 0, 5)})
    lines = ProgressLines(begins=True)
    lines.start(before)
    assert list(lines.between(before, T0)) == []


def drawn(view, width=100):
    console = Console(file=io.StringIO(), width=width, force_terminal=True)
    console.print(LiveView().draw(view, T0 + datetime.timedelta(seconds=30)))
    return console.file.getvalue()


def test_the_picture_says_what_runs_what_it_waits_for_and_what_is_done():
    text = drawn(
        view(
            waits="keystone/1: executing since 11:59:30",
            records={
                "idle": record("idle", StepState.DONE, 0, 5),
                "keystone/a": record("keystone/a", StepState.RUNNING, 10),
            },
        )
    )
    for wanted in (
        "running",
        "1 of 8 steps",
        "✓ Do idle",
        "Upgrade plan for 'keystone'",
        "Do keystone/a",
        "20s",
        "keystone/1: executing since 11:59:30",
        "ctrl+c",
    ):
        assert wanted in text, wanted


def test_names_from_the_model_cannot_steer_the_terminal():
    hostile = "a\x1b]0;owned\x07b\x9bc[red]"
    assert printable.line(hostile) == "a\ufffd]0;owned\ufffdb\ufffdc[red]"
    text = drawn(view(waits=hostile, records={"idle": record("idle", StepState.RUNNING)}))
    assert "\x1b]0;" not in text
    assert "[red]" in text
    lines = ProgressLines(begins=True)
    assert "[red]" in "".join(lines.between(view(waits=hostile), T0))


def test_what_is_waited_for_is_told_again_after_a_while_also_where_the_clock_was_set_back():
    passed = [0.0]
    lines = ProgressLines(begins=True, now=lambda: passed[0])
    assert list(lines.between(view(waits="one"), T0)) == ["    waits: one"]
    passed[0] = 40.0
    earlier = T0 - datetime.timedelta(hours=1)
    assert list(lines.between(view(waits="two"), earlier)) == ["    waits: two"]
    assert list(lines.between(view(waits="three"), T0)) == []


def status(seen, now):
    return status_text.text(seen, now, COMMAND_LINE)


def test_status_names_the_next_command():
    stopped = status(view(state=RunState.STOPPED), T0)
    assert stopped.endswith("To go on: cou upgrade")
    draining = status(view(state=RunState.DRAINING), T0)
    assert "cou cancel --force" in draining
    planned = status(dataclasses.replace(view(state=RunState.PLANNED), run=""), T0)
    assert "\nPlan p" in planned
    assert "Run ," not in planned


QUOTED = "hook failed: run upgrade; Look at status, group=a accept=b, cancel force=true"


def test_what_comes_from_the_cloud_is_shown_as_it_came():
    remedy = join("Run `", OwnCommand("plan"), "`.")
    failed = dataclasses.replace(view(state=RunState.FAILED), error=QUOTED, remedy=remedy)
    assert f"Error: {QUOTED} Run `cou plan`." in status(failed, T0)


def test_zones_that_are_named_like_commands_are_shown_as_they_are():
    found = Problem("unknown-zone", Severity.ERROR, "z", QUOTED, "Zones are run plan, group=a.")
    assert found.text_for(COMMAND_LINE) == found


def test_an_error_of_the_cloud_ends_the_command_as_it_came(capsys):
    screen = Screen(Signals())
    failed = dataclasses.replace(
        view(state=RunState.FAILED), error=QUOTED, remedy=join("Run `", OwnCommand("plan"), "`.")
    )
    assert upgrade.conclude(screen, FollowedAttempt(failed, 0, None)) == 1
    out, err = capsys.readouterr()
    assert QUOTED in err
    assert "Run `cou plan`." in out


def test_each_signal_counts_once_and_is_heard_in_the_middle_of_work():
    signals = Signals()
    hold = threading.Event()
    threading.Timer(0.2, signals.send, [signal.SIGTERM]).start()
    begun = time.monotonic()
    with pytest.raises(CommandInterrupted) as caught:
        worker_thread.run_in_thread(lambda: hold.wait(30), signals)
    hold.set()
    assert time.monotonic() - begun < 15
    assert exit_codes.of_signal(caught.value.number) is exit_codes.ExitCode.SIGTERM
    assert signals.take() is None


def test_work_aside_gives_its_result_and_its_error():
    assert worker_thread.run_in_thread(lambda: 7, Signals()) == 7
    with pytest.raises(ZeroDivisionError):
        worker_thread.run_in_thread(lambda: 1 // 0, Signals())


def test_a_model_with_a_cou_of_its_own_names_the_action():
    status = ApplicationStatus(
        "upgrader", "ch:amd64/jammy/cou-3", "cou", "ch", 3, "", "", "", "", (), Status(), "", {}
    )
    other = dataclasses.replace(status, name="cou-db", charm="postgresql")
    model = ModelStatus("openstack", "u", "3.6.0", T0, {"cou-db": other}, {})
    planning.refuse_beside_charm(model)
    model = dataclasses.replace(model, applications={"cou-db": other, "upgrader": status})
    with pytest.raises(BadInput, match="juju run upgrader/leader upgrade"):
        planning.refuse_beside_charm(model)


def test_a_screen_in_json_keeps_stdout_for_the_result(capsys):
    screen = Screen(Signals(), json=True)
    screen.show_progress("progress")
    screen.show_always("ending")
    screen.result("{}")
    out, err = capsys.readouterr()
    assert out == "{}\n"
    assert err == "progress\nending\n"


@pytest.mark.parametrize(
    ("state", "said"), [("stopped", exit_codes.STOPPED), ("killed", exit_codes.NOT_WAITED)]
)
def test_who_forces_a_run_that_has_just_stopped_is_told_that_it_stopped(capsys, state, said):
    forced = ForceAnswer("Nothing is running.", (), (), (), ())
    followed = FollowedAttempt(view(state=RunState(state)), signal.SIGINT, forced)
    assert upgrade.conclude(Screen(Signals()), followed) == 130
    assert capsys.readouterr().out.endswith(f"{said}\n")


@pytest.mark.parametrize(
    "typed",
    [
        ("status", "\x1b]0;x\x07\nError: forged"),
        ("upgrade-step", "--count", "\u202e1\nError: forged"),
        ("--\x1b[2J",),
        ("\x9b\nError: forged",),
        ("plan", "--purge-before-date", "\x1b[2J\nError: forged"),
        ("plan", "--skip-apps", "\x1b[2J\nError: forged"),
    ],
)
def test_a_refused_command_line_is_quoted_and_steers_nothing(typed, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("JUJU_DATA", str(tmp_path))
    assert command_process.run(typed, Signals()) in (ExitCode.USAGE, ExitCode.ERROR)
    told = capsys.readouterr().err
    assert not set(told) & set("\x1b\x07\x9b\u202e\r")
    assert sum(line.startswith("Error: ") for line in told.splitlines()) == 1
    for handler in list(logging.getLogger().handlers):
        if isinstance(handler, logging.FileHandler):
            logging.getLogger().removeHandler(handler)
            handler.close()
