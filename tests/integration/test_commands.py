"""The four commands of the mission, in any order and twice in a row, up to the verdict."""

from __future__ import annotations

import time

from .ground import Ground
from .operator import Operator


def test_plan_changes_nothing_and_is_the_same_twice(ground: Ground, operator: Operator):
    first, second = operator.run("plan"), operator.run("plan")
    assert first.status == second.status == "completed"
    assert first.results == second.results
    assert first.results["hash"].startswith("p")
    assert (first.results["from"], first.results["to"]) == ("ussuri", "victoria")
    assert "Upgrade plan for 'keystone' to 'victoria'" in first.results["plan"]
    ground.see_only({"instance-count", "list-compute-nodes", "juju-exec"})
    assert operator.unit().message == "ready"


def test_upgrade_returns_at_once_and_a_second_one_is_refused(ground: Ground, operator: Operator):
    operator.come_to_rest()
    with ground.held():
        started = operator.run("upgrade")
        assert started.status == "completed"
        assert started.results["state"] in ("starting", "running")
        again = operator.run("upgrade")
    assert (again.status, again.results["code"]) == ("failed", "run-going-on")
    assert "/0 cancel` to stop it." in again.message
    operator.watch(lambda current, message: current == "maintenance" and "step" in message)


def test_plan_and_status_while_a_run_goes_on_read_only_the_journal(
    ground: Ground, operator: Operator
):
    with operator.going():
        shown = operator.run("plan")
        assert shown.results["remainder"] == "yes"
        assert "steps are left" in shown.results["message"]
        assert operator.state() == "running"
        other = operator.run("plan", "group=control-plane")
    assert other.results["code"] == "run-unfinished"


def test_cancel_drains_says_so_and_the_next_upgrade_goes_on(ground: Ground, operator: Operator):
    with operator.going():
        cancelled = operator.run("cancel")
        assert cancelled.results["acknowledged"] == "yes"
        again = operator.run("cancel")
    assert again.results["acknowledged"] == "yes"
    assert again.results["state"] in ("draining", "stopped")
    words = operator.await_rest()
    assert words.startswith("stopped at step ")
    assert words.endswith("juju run cou/0 upgrade")
    ground.await_ended()
    with ground.nothing_asked():
        assert operator.state() == "stopped"
        third = operator.run("cancel")
        assert third.results["message"] == "Nothing is running: the run is stopped."
        time.sleep(1)
    resumed = operator.run("upgrade")
    assert (resumed.status, resumed.results["resumed"]) == ("completed", "yes")


def test_as_soon_as_juju_status_says_stopped_upgrade_goes_on(operator: Operator):
    with operator.going():
        assert operator.run("cancel").results["acknowledged"] == "yes"
    operator.watch(lambda _, message: message.startswith("stopped at step "))
    resumed = operator.run_once("upgrade")
    assert (resumed.status, resumed.results.get("resumed")) == ("completed", "yes"), resumed


def test_plan_of_a_stopped_run_is_what_is_left_of_it(ground: Ground, operator: Operator):
    operator.come_to_rest()
    with ground.nothing_asked():
        shown = operator.run("plan")
        assert shown.results["remainder"] == "yes"
        assert shown.results["next"] == "juju run cou/0 upgrade"
        other = operator.run("upgrade", "plan=p000000000000000")
        assert other.results["code"] == "another-plan"


def test_force_leaves_no_process_and_is_idempotent(ground: Ground, operator: Operator):
    with operator.going():
        seen = ground.see_running()
        forced = operator.run("cancel", "force=true")
    killed = set(forced.results["killed"].split(","))
    assert len(killed) >= 2
    assert killed >= seen
    ground.see_ended()
    assert operator.unit().message.startswith("killed at step ")
    again = operator.run("cancel", "force=true")
    assert again.results["message"].startswith("Nothing is running.")
    # Whoever asks again is told what is in doubt as well as whoever asked first.
    assert again.results["in-doubt"] == forced.results["in-doubt"]
    assert operator.run("cancel").results["message"].startswith("Nothing is running")
    assert operator.state() == "killed"


def test_when_all_is_done_nothing_is_sent_and_the_judge_finds_nothing(
    ground: Ground, operator: Operator
):
    assert operator.finish() == "upgraded to victoria"
    ground.see_upgraded("victoria")
    with ground.nothing_asked():
        for _ in range(2):
            done = operator.run("upgrade")
            assert done.status == "completed"
            assert "is done; nothing was sent" in done.results["message"]
        over = operator.run("cancel")
        assert over.results["message"] == "Nothing is running: the run is completed."
        assert operator.run("cancel", "force=true").results["message"] == "Nothing is running."
        assert operator.run("abandon").results["code"] == "nothing-to-abandon"
        assert operator.run("upgrade-step").status == "completed"
    assert operator.unit().message == "upgraded to victoria"
    assert operator.run("plan").results["to"] == "wallaby"
