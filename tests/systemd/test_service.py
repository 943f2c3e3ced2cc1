"""The charm's service under a real systemd: outliving, draining, forced, rebooted, removed."""

from __future__ import annotations

import time

import jubilant
import pytest

from .machine import AGENT
from .site import LIVE, LONGEST_S, PASSWORD, RUN, SERVICE, TELL

pytestmark = [pytest.mark.systemd, pytest.mark.slow]
UNIT_FILE = f"/run/systemd/system/{SERVICE}"
STEPS = 1


def assert_nothing_runs(site):
    assert site.pids() == []
    assert " cou." not in site.modules()
    assert not site.exists(f"{RUN}/access.json")


def await_over(site):
    """Wait until systemd has done with the service, and with telling the charm of its end."""
    deadline = time.monotonic() + LONGEST_S
    while at_work := [name for name in (SERVICE, TELL) if site.is_at_work(name)]:
        assert time.monotonic() < deadline, at_work
        time.sleep(0.1)


@pytest.mark.deep
def test_an_upgrade_outlives_the_stop_and_start_of_the_agents_service(site):
    with site.going() as answer:
        before = site.pids()
        agent = site.machine.run("systemctl", "show", "-P", "MainPID", AGENT).stdout
        site.restart_agent()
        assert site.machine.run("systemctl", "show", "-P", "MainPID", AGENT).stdout != agent
        assert site.pids()[:2] == before[:2], "another supervisor or runner than before"
        assert site.seen()["state"] in LIVE
    site.finish()
    site.await_status("active", "upgraded to victoria")
    await_over(site)
    assert_nothing_runs(site)
    assert site.service("Result") == "success"
    # Both the run's own log, which `upgrade` has named, and the system's journal tell the story.
    own = site.machine.run("cat", answer["log"]).stdout
    journal = site.machine.run("journalctl", "--no-pager", "-u", SERVICE).stdout
    for text in (own, journal):
        assert "ends: completed" in text
        assert PASSWORD not in text


def test_a_cancel_drains_and_systemd_sees_a_clean_end(site):
    with site.going():
        answer = site.act("cancel")
    assert "Nothing further begins" in answer["message"]
    site.await_run("stopped")
    site.await_status("blocked", "upgrade")
    await_over(site)
    assert site.service("Result") == "success"
    assert_nothing_runs(site)
    assert site.act("upgrade")["resumed"] == "yes"
    site.await_run("running", "completed")


@pytest.mark.deep
def test_a_stop_by_systemd_is_a_drain(site):
    with site.going():
        site.machine.run("systemctl", "stop", "--no-block", SERVICE)
    await_over(site)
    seen = site.seen()
    assert (seen["state"], seen["cancel"] is not None) == ("interrupted", True)
    assert not [step for step in _leaves(seen) if step.get("state") in ("running", "in-doubt")]
    assert site.service("Result") == "success"
    site.await_status("blocked", "upgrade")
    assert_nothing_runs(site)


def statuses(pids):
    return [f"/proc/{pid}/status" for pid in pids]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("hung", [False, True], ids=["at work", "hung"])
def test_force_leaves_the_cgroup_empty(site, hung):
    with site.going():
        stray = site.stray()
        pids = site.pids()
        assert len(pids) >= 3
        assert stray in pids
        if hung:  # all of them, but for who has just told the charm and is gone
            site.machine.run("kill", "-STOP", *map(str, pids), check=False)
            stopped = site.machine.run("grep", "-l", "^State:.T", *statuses(pids), check=False)
            assert len(stopped.stdout.split()) >= 3
        answer = site.act("cancel", force=True)
        # When the action has returned, all is over: nothing is waited for here.
        assert_nothing_runs(site)
        assert site.service() in ("inactive", "failed")
        assert not site.exists(f"/proc/{stray}")
        assert "none is left" in answer["message"]
        assert site.seen()["state"] == "killed"
    site.await_status("blocked", "upgrade")


@pytest.mark.deep
@pytest.mark.parametrize("how", ["killed", "hung"])
def test_the_end_of_the_supervisor_ends_all_and_juju_status_tells(site, how):
    if how == "hung":
        # Longer than a supervisor on a busy machine needs to say that it is there.
        short = "[Service]\nWatchdogSec=20\n"
        site.machine.write(f"{UNIT_FILE}.d/watchdog.conf", short)
        site.machine.run("systemctl", "daemon-reload")
    with site.going():
        supervisor, stray = site.service("MainPID"), site.stray()
        assert stray in site.pids()
        site.machine.run("kill", "-KILL" if how == "killed" else "-STOP", supervisor)
        # Nobody was left to tell the charm but systemd.
        site.await_status("blocked", "upgrade")
    assert site.seen()["state"] == "interrupted"
    await_over(site)
    assert site.pids() == []
    assert not site.exists(f"/proc/{stray}")
    assert site.service("Result") == ("signal" if how == "killed" else "watchdog")
    assert " cou." not in site.modules()


@pytest.mark.deep
def test_a_runner_that_takes_long_to_die_is_not_taken_for_one_at_work(site):
    # Who waits for the runner's lock has it next, for a while: as if the runner's end took long,
    # since the kernel first finishes a write to a slow disk.
    heir = """
import fcntl, time
with open("/run/cou/cou-0/runner.lock", "r+") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    time.sleep(6)
"""
    with site.going():
        site.machine.run("sh", "-c", '/usr/bin/python3 -c "$0" <&- >&- 2>&- &', heir)
        while site.machine.run("grep", "-q", "-e", "->", "/proc/locks", check=False).returncode:
            time.sleep(0.1)
        site.machine.run("kill", "-KILL", site.service("MainPID"))
        site.await_status("blocked", "upgrade")
    assert site.seen()["state"] == "interrupted"


@pytest.mark.deep
def test_a_power_cut_leaves_the_run_interrupted_and_upgrade_finishes_it(site):
    with site.going():
        assert site.exists(f"{RUN}/access.json")
        site.reboot(hard=True)
    assert not site.exists(f"{RUN}/access.json"), "the credential was on a disk"
    site.await_status("blocked", "upgrade")
    assert site.seen()["state"] == "interrupted"
    assert site.pids() == [], "it began by itself"
    assert site.exists(UNIT_FILE), "the charm renders it again after a boot"
    assert site.act("upgrade")["resumed"] == "yes"
    site.finish()
    await_over(site)
    assert_nothing_runs(site)


@pytest.mark.deep
def test_a_reboot_drains_first_and_leaves_an_interrupted_run(site):
    site.plan_and_upgrade()
    site.await_steps(STEPS)
    site.reboot(hard=False)
    site.await_status("blocked", "interrupted")
    seen = site.seen()
    assert seen["state"] == "interrupted"
    assert not [step for step in _leaves(seen) if step.get("state") in ("running", "in-doubt")]


@pytest.mark.deep
def test_after_a_reboot_a_run_goes_on_by_itself_where_that_is_wanted(site):
    site.juju.config("cou", {"auto-resume": True})
    site.plan_and_upgrade()
    site.await_steps(STEPS)
    site.reboot(hard=False)
    site.finish()
    site.await_status("active", "upgraded to victoria")
    await_over(site)
    assert_nothing_runs(site)


@pytest.mark.deep
def test_after_a_reboot_a_run_that_its_operator_has_cancelled_does_not_go_on(site):
    site.juju.config("cou", {"auto-resume": True})
    site.plan_and_upgrade()
    site.await_steps(STEPS)
    site.act("cancel")
    site.reboot(hard=False)
    site.await_status("blocked", "stopped")
    assert site.pids() == []
    assert site.seen()["state"] == "stopped"


def _leaves(step):
    if not step["steps"]:
        return [step]
    return [leaf for child in step["steps"] for leaf in _leaves(child)]


@pytest.mark.deep
def test_a_service_that_does_not_start_fails_the_action_and_says_where_to_look(site):
    site.machine.write(f"{UNIT_FILE}.d/broken.conf", "[Service]\nExecStartPre=/bin/false\n")
    site.machine.run("systemctl", "daemon-reload")
    site.act("plan")

    def try_until_it_is_told():
        for _ in range(5):  # where systemd takes its time, the action waits no longer than it may
            site.act("upgrade")
            site.await_run("interrupted")

    with pytest.raises(jubilant.TaskError, match="journalctl -u cou-cou-0"):
        try_until_it_is_told()
    site.await_status("blocked", "upgrade")
    assert site.seen()["state"] == "interrupted"
    assert_nothing_runs(site)
    site.machine.run("rm", f"{UNIT_FILE}.d/broken.conf")
    site.machine.run("systemctl", "daemon-reload")
    assert site.act("upgrade")["resumed"] == "yes"
    site.await_steps(STEPS)


def test_removal_ends_the_runner_and_leaves_no_unit_file(site):
    with site.going():
        site.juju.remove_unit("cou/0")
        deadline = time.monotonic() + LONGEST_S
        while site.juju.status().apps["cou"].units:
            assert time.monotonic() < deadline, site.log()
            time.sleep(0.3)
    assert " cou." not in site.modules()
    left = site.machine.run("sh", "-c", "ls /run/systemd/system/ | grep ^cou-", check=False)
    assert [name for name in left.stdout.split() if not name.endswith(".d")] == []
    assert not site.exists(f"{RUN}/access.json")
    assert not site.exists(f"{RUN}/attempt.env")
    # The run is not finished, so its journal stays.
    assert site.exists("/var/lib/cou/cou-0/journal.sqlite")


@pytest.mark.deep
def test_the_password_is_on_no_disk_and_in_no_process(site):
    with site.going():
        mode = site.machine.run("stat", "-c", "%a %U", f"{RUN}/access.json").stdout.split()
        assert mode == ["600", "root"]
        assert site.machine.run("stat", "-f", "-c", "%T", RUN).stdout.strip() == "tmpfs"
        search = f"grep -l -s -a '{PASSWORD[:-1]}[{PASSWORD[-1]}]' "
        for where in ("-r /var/lib/cou", "/proc/[0-9]*/cmdline", "/proc/[0-9]*/environ"):
            assert site.machine.run("sh", "-c", search + where, check=False).stdout == ""
        site.act("cancel", force=True)
    assert_nothing_runs(site)
