"""Whatever happens to the runner, the agent, the charm or the account: `upgrade` finishes the job.

All of it happens to one cloud, so that the judge reads one log at the end.
"""

from __future__ import annotations

import contextlib
import random
import time

import pytest

from .ground import ACCOUNT, PASSWORD, SECRET, Ground
from .operator import LONGEST_S, Operator

pytestmark = pytest.mark.deep

KILLS = 12
# World seconds per second: the run is to last longer than what happens to it.
SCALE = 0.5
RUNNER, SUPERVISOR = "cou.work.runner", "cou.control.supervisor"


def kill(ground: Ground, victims: str) -> None:
    """Kill them where they stand, as soon as one of them is there."""
    deadline = time.monotonic() + LONGEST_S
    modules = [one for one in (SUPERVISOR, RUNNER) if one.rpartition(".")[2] in victims]
    killed = 0
    while not killed:
        assert time.monotonic() < deadline, "the run was over too soon for so many kills"
        for module in modules:
            for pid in ground.processes(module):
                with contextlib.suppress(ProcessLookupError):  # gone with its supervisor
                    ground.kill(pid)
                    killed += 1
    ground.await_ended()


def await_interrupted(operator: Operator) -> None:
    """Ask until `status` knows that the runner is gone, and look whether the unit says so too.

    A run whose runner was killed before it held the run may count as starting for a moment.
    """
    deadline = time.monotonic() + LONGEST_S
    while (state := operator.state()) != "interrupted":
        assert state == "starting"
        assert time.monotonic() < deadline
    seen = operator.unit()
    assert (seen.current, seen.message.partition(" at ")[0]) == ("blocked", "interrupted")


def test_a_restart_of_the_agent_does_not_touch_the_run(ground: Ground, operator: Operator):
    with operator.going():
        runner = ground.processes(RUNNER)
        assert len(runner) == 1
        ground.testbed("restart-agent", "cou/0")
        assert operator.run("status").results["state"] == "running"
        assert ground.processes(RUNNER) == runner
        begun = len(ground.asked())
    operator.watch(lambda *_: len(ground.asked()) > begun)


def test_a_refresh_of_the_charm_does_not_touch_the_run(ground: Ground, operator: Operator):
    if not ground.charm.is_dir():
        pytest.skip("a packed charm is not edited; tests/packed refreshes it")
    main = ground.charm / "lib" / "cou" / "__init__.py"
    text = main.read_text()
    with operator.going():
        runner = ground.processes(RUNNER)
        main.write_text(text.replace('__version__ = "', '__version__ = "9.'))
        assert main.read_text() != text
        ground.juju.refresh("cou", path=ground.charm)
        ground.juju.wait(
            lambda status: status.apps["cou"].version.startswith("9."),
            delay=0.3,
            successes=1,
            timeout=LONGEST_S,
        )
        assert ground.processes(RUNNER) == runner
        assert operator.run("status").results["state"] == "running"


def test_a_secret_changed_in_the_middle_is_what_the_next_login_uses(
    ground: Ground, operator: Operator
):
    new = f"{PASSWORD}-renewed"
    with operator.going():
        ground.juju.cli(
            "change-user-password", ACCOUNT, "--no-prompt", include_model=False, stdin=f"{new}\n"
        )
        ground.juju.update_secret(SECRET, {"username": ACCOUNT, "password": new})
        operator.watch(lambda current, _: current == "maintenance")
        cancelled = operator.run("cancel", "force=true")
        assert cancelled.status == "completed"
    begun = len(ground.asked())
    assert operator.run("upgrade").status == "completed"
    operator.watch(lambda *_: len(ground.asked()) > begun)


def test_killed_anywhere_again_and_again_it_finishes_and_nothing_was_done_twice(
    ground: Ground, operator: Operator
):
    dice = random.Random(2)
    operator.get_going()
    for _ in range(KILLS):
        time.sleep(dice.uniform(0, 0.9))
        victims = dice.choice(("runner", "supervisor", "runner and supervisor"))
        kill(ground, victims)
        await_interrupted(operator)
        resumed = operator.run("upgrade")
        assert resumed.results["resumed"] == "yes"
    assert operator.finish() == "upgraded to victoria"
    assert ground.verdict("victoria").violations == ()
    ground.await_ended()
