"""The charm with its real engine and processes; only the controller is missing."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cou
import pytest
import yaml
from cou.journal import FILE, Journal
from cou.journal.records import Limit, RunState
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan.plan import canonical
from cou.process import account_in_memory, liveness, locks
from cou.process.paths import RunPaths
from juju_testbed.wire import certificates
from ops import testing

from charm import CouCharm, make_control

from . import fakes
from .conftest import AGENT_CONF, House


@pytest.fixture
def real(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A unit with the real engine, whose controller's port is closed."""
    monkeypatch.setattr(CouCharm, "make_control", staticmethod(make_control))
    # As dispatch sets it: the supervisor is another process and must find the engine.
    monkeypatch.setenv("PYTHONPATH", str(Path(cou.__file__).parents[1]))
    conf = yaml.safe_load(AGENT_CONF)
    conf |= {"apiaddresses": ["127.0.0.1:1"], "cacert": certificates.make().ca}
    house.agent_conf.write_text(yaml.safe_dump(conf))
    yield house
    if locks.holder(place(house).supervisor_lock):
        with contextlib.suppress(testing.ActionFailed):  # what it could not record
            house.act("cancel", force=True)
    assert not liveness.is_alive(place(house))


def place(house: House) -> RunPaths:
    return RunPaths.of_unit("cou/0", house.agent_conf.parent / "charm")


def show_plan(house: House) -> str:
    """Record a plan as the `plan` action does after it has looked at a model; return its hash."""
    plan = fakes.plan_of(Options(), (), (fakes.step("keystone/refresh"),))
    place(house).make()
    journal = Journal(place(house).home)
    journal.show(canonical(plan.to_dict()), dataclasses.asdict(Settings()))
    journal.close()
    return plan.hash


def await_that(seen: Callable[[], Any]) -> Any:
    """Wait until something is so, and return it."""
    deadline = time.monotonic() + 180
    while not (found := seen()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def run_that_died(house: House) -> None:
    """Leave a journal as a runner does that was killed in its first step."""
    show_plan(house)
    journal = Journal(place(house).home)
    shown = journal.shown()
    assert shown is not None
    attempt = journal.create_run(shown[0], shown[1], ["keystone/refresh"], Limit())
    journal.set_run_state(attempt.token, RunState.RUNNING)
    journal.begin_step(attempt.token, "keystone/refresh")
    journal.close()


def test_a_fresh_unit_is_ready_and_keeps_nothing(real: House):
    assert real.fire("install").unit_status == testing.ActiveStatus("ready")
    assert not place(real).home.exists()


def test_every_verb_before_any_plan_says_that_nothing_runs(real: House):
    assert real.act("status")["state"] == "none"
    assert "Nothing" in real.act("cancel")["message"]
    assert "Nothing" in real.act("cancel", force=True)["message"]
    assert real.refused("upgrade")[1]["code"] == "no-plan"
    assert real.refused("abandon")[1]["code"] == "nothing-to-abandon"
    assert account_in_memory.look(place(real)) is None


def test_what_needs_a_run_says_so_before_there_is_one(real: House):
    for action, params, code in (
        ("restore", {}, "nothing-to-restore"),
        ("report", {}, "no-run"),
        ("resolve-step", {"step": "a", "as_": "done", "reason": "b"}, "nothing-to-resolve"),
    ):
        assert real.refused(action, **params)[1] == {"code": code}


def test_what_an_operator_has_done_is_a_security_event_in_the_log(real: House):
    real.act("cancel", force=True)
    events = [json.loads(line) for line in real.log.splitlines() if '"type": "security"' in line]
    ours = [one for one in events if one["appid"] == "cou"]
    assert [one["event"] for one in ours] == ["authz_admin:action,cancel-force"]


def test_a_run_that_died_is_reported_whole(real: House):
    run_that_died(real)
    found = real.act("report", format="html")
    assert found["format"] == "html"
    text = Path(found["report-file"]).read_text()
    assert found["run"] in text
    assert "interrupted" in text
    assert json.loads(real.act("report", format="json")["report"])["run"] == found["run"]


def test_another_plan_than_the_one_shown_is_refused(real: House):
    show_plan(real)
    message, found = real.refused("upgrade", plan="p000000000000000")
    assert found["code"] == "another-plan"
    assert "p000000000000000" in message
    assert account_in_memory.look(place(real)) is None


def test_a_run_without_its_runner_is_interrupted_and_blocks_the_unit(real: House):
    run_that_died(real)
    status = real.fire("start").unit_status
    assert status == testing.BlockedStatus(
        "interrupted at step 1 of 1; to go on: juju run cou/0 upgrade"
    )
    run = json.loads(real.act("status", format="json")["run"])
    assert run["state"] == "interrupted"
    assert run["steps"][0]["state"] == "running"


def test_the_journal_of_an_interrupted_run_survives_the_charm(real: House):
    run_that_died(real)
    real.fire("stop")
    real.fire("remove")
    assert (place(real).home / FILE).exists()
    assert str(place(real).home) in real.log


def test_a_plan_alone_goes_with_the_charm(real: House):
    show_plan(real)
    real.fire("remove")
    assert not place(real).home.exists()


# The supervisor is meant to outlive whoever started it; here that is this very process.
OUTLIVES = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@OUTLIVES
@pytest.mark.slow
def test_upgrade_returns_at_once_and_force_leaves_no_process(real: House):
    """The runner cannot reach its controller, so it is at work for as long as it likes."""
    plan = show_plan(real)
    found = real.act("upgrade", plan=plan)
    assert found["plan"] == plan
    assert found["state"] in ("starting", "running")
    assert Path(found["log"]).exists()
    supervisor = await_that(lambda: locks.holder(place(real).supervisor_lock))
    assert account_in_memory.look(place(real)) is not None
    assert not list(place(real).run_dir.glob("access*"))
    assert real.refused("upgrade")[1]["code"] == "run-going-on"
    assert real.fire("update_status").unit_status.name == "maintenance"

    forced = real.act("cancel", force=True)
    assert str(supervisor) in forced["killed"].split(",")
    for pid in forced["killed"].split(","):
        assert is_gone(int(pid))
    assert forced["state"] == "killed"
    assert account_in_memory.look(place(real)) is None
    assert real.fire("update_status").unit_status.message.startswith("killed at")


@OUTLIVES
@pytest.mark.slow
def test_a_cancel_is_acknowledged_and_stops_the_runner(real: House):
    show_plan(real)
    real.act("upgrade")
    await_that(lambda: locks.holder(place(real).supervisor_lock))
    found = real.act("cancel")
    assert found["acknowledged"] == "yes"
    assert found["state"] == "draining"
    await_that(lambda: real.act("status")["state"] != "draining")
    assert real.act("status")["state"] == "stopped"
    await_that(lambda: not liveness.is_alive(place(real)))
    status = real.fire("update_status").unit_status
    assert status.message.endswith("to go on: juju run cou/0 upgrade")
    assert account_in_memory.look(place(real)) is None


@pytest.fixture
def going(real: House) -> House:
    """A unit on which a run goes on."""
    show_plan(real)
    real.act("upgrade")
    await_that(lambda: locks.holder(place(real).runner_lock))
    return real


def plant(house: House) -> Path:
    planted = place(house).home / "planted"
    planted.touch()
    os.chown(planted, 4711, -1)
    return planted


def pids(house: House) -> list[int]:
    here = place(house)
    found = map(locks.holder, (here.supervisor_lock, here.runner_lock))
    return [pid for pid in found if pid]


root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of somebody else's")


@root
@OUTLIVES
@pytest.mark.slow
def test_a_cancel_is_not_refused_for_a_file_of_somebody_else_and_what_it_prints_helps(
    going: House,
):
    planted = plant(going)
    assert going.refused("status")[1] == {"code": "foreign-file"}
    found = going.act("cancel")
    assert (found["acknowledged"], found["state"]) == ("yes", "draining")
    said = f"Look at this too: {planted} belongs to the user 4711, not to root. Look at it, then "
    assert said in found["message"]
    move = found["message"].rpartition("move it away: sudo ")[2]
    subprocess.run(shlex.split(move), check=True)
    await_that(lambda: real_state(going) == "stopped")
    # Its supervisor is still there: it tells the charm, for which there is no tool here.
    assert going.act("upgrade")["resumed"] == "yes"


def real_state(house: House) -> str:
    return str(house.act("status")["state"])


@root
@OUTLIVES
@pytest.mark.slow
def test_a_forced_cancel_is_not_refused_for_it_either(going: House):
    planted, running = plant(going), pids(going)
    found = going.act("cancel", force=True)
    assert set(found["killed"].split(",")) >= set(map(str, running))
    assert found["acknowledged"] == "yes"
    assert str(planted) in found["message"]
    assert all(map(is_gone, running))


@root
@OUTLIVES
@pytest.mark.slow
def test_where_the_journal_itself_is_somebody_elses_a_forced_cancel_kills_and_says_so(
    going: House,
):
    running, journal = pids(going), place(going).home / FILE
    os.chown(journal, 4711, -1)
    message, found = going.refused("cancel", force=True)
    assert found == {"code": "foreign-file", "acknowledged": "no"}
    assert message.startswith(f"Killed {len(running)} processes; none is left. ")
    assert all(map(is_gone, running))


@root
@OUTLIVES
@pytest.mark.slow
def test_removal_ends_the_run_where_something_is_of_another_user(going: House):
    running = pids(going)
    plant(going)
    going.fire("stop")
    assert all(map(is_gone, running))


@pytest.mark.sampled(3)
@OUTLIVES
@pytest.mark.slow
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "wrong", ["no secret", "a bad secret", "a bad option", "no leader", "no agent.conf"]
)
def test_nothing_that_only_a_start_needs_refuses_a_cancel(going: House, wrong: str, force: bool):
    if wrong == "no secret":
        going.secret = None
    elif wrong == "a bad secret":
        going.secret = testing.Secret({"username": "cou", "password": "x", "ca-cert": "none"})
    elif wrong == "a bad option":
        going.config["max-parallel"] = -1
    elif wrong == "no leader":
        going.leader = False
    else:
        going.agent_conf.write_text("{")
    running = pids(going)
    found = going.act("cancel", **({"force": True} if force else {}))
    assert found["acknowledged"] == "yes"
    if force:
        assert all(map(is_gone, running))
        return
    await_that(lambda: real_state(going) == "stopped")


@pytest.mark.slow
def test_a_plan_without_a_controller_is_one_clear_error_and_records_nothing(real: House):
    message, found = real.refused("plan")
    assert found["code"] == "controller-unreachable"
    assert "127.0.0.1:1" in message
    assert real.refused("upgrade")[1]["code"] == "no-plan"


def is_gone(pid: int) -> bool:
    """Whether a process has ended; what killed it may not have reaped it yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z" or os.getpid() == pid
