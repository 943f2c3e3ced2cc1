"""The packed charm: deployed, upgraded, forced, cancelled, refreshed under a run, and removed."""

from __future__ import annotations

import contextlib
import sqlite3
import time
import zipfile

import pytest

from ..systemd.site import LIVE, LONGEST_S, RUN, SERVICE

pytestmark = [pytest.mark.packed, pytest.mark.systemd, pytest.mark.slow]
AGENT = "/var/lib/juju/agents/unit-cou-0"
CHARM = f"{AGENT}/charm"


def interpreters(site):
    """Return with which Python each part of the engine runs, by id: program and module.

    What only tells the charm (timeout, juju-exec) is the system's and Juju's.
    """
    found = {}
    for pid in site.pids():
        text = site.machine.run("cat", f"/proc/{pid}/cmdline", check=False).stdout
        words = text.rstrip("\0").split("\0")
        module = next((word for word in words if word.startswith("cou.")), "")
        if module:
            found[pid] = (words[0], module)
    return found


def loaded(site, pid):
    """Return the shared libraries of Python packages that a process has loaded."""
    lines = site.machine.run("cat", f"/proc/{pid}/maps").stdout.splitlines()
    return {line.split()[-1] for line in lines if "-packages/" in line}


@contextlib.contextmanager
def held(site):
    """Hold the runner still in the middle of its work, but not of a write to the journal.

    A cancel could not be recorded for as long as the runner holds the journal's lock.
    """
    (runner,) = [pid for pid, (_, module) in interpreters(site).items() if "runner" in module]
    deadline = time.monotonic() + LONGEST_S
    site.machine.run("kill", "-STOP", str(runner))
    try:
        while not is_writable(site.machine.cou / "cou-0" / "journal.sqlite"):
            assert time.monotonic() < deadline
            site.machine.run("kill", "-CONT", str(runner))
            site.machine.run("kill", "-STOP", str(runner))
        yield
    finally:
        site.machine.run("kill", "-CONT", str(runner))


def is_writable(journal):
    """Tell whether nobody is writing to a journal."""
    with contextlib.closing(sqlite3.connect(journal, timeout=0, isolation_level=None)) as db:
        try:
            db.execute("begin immediate")
        except sqlite3.OperationalError:
            return False
        db.execute("rollback")
        return True


def test_it_upgrades_a_cloud_with_its_own_virtual_environment(deployed, this_build):
    site = deployed(this_build)
    python = f"{CHARM}/venv/bin/python"
    with site.going():
        running = interpreters(site)
        assert set(running.values()) == {
            (python, "cou.control.supervisor"),
            (python, "cou.work.runner"),
        }
        runner = next(pid for pid, (_, module) in running.items() if module == "cou.work.runner")
        libraries = loaded(site, runner)
    assert libraries, "nothing compiled was loaded: the check sees nothing"
    assert all(path.startswith(f"{CHARM}/venv/lib/") for path in libraries), libraries
    # The command has no other Python either; the machine's /usr, where it goes, is read only.
    path = f"PYTHONPATH={CHARM}/lib"
    said = site.machine.run("env", path, python, "-m", "cou.cli", "status").stdout
    assert "victoria" in said
    site.finish()
    site.await_status("active", "upgraded to victoria")


def test_force_leaves_nothing_and_upgrade_finishes_the_job(deployed, this_build):
    site = deployed(this_build)
    with site.going():
        answer = site.act("cancel", force=True)
    assert "none is left" in answer["message"]
    assert site.pids() == []
    assert site.seen()["state"] == "killed"
    site.await_status("blocked", "upgrade")
    assert site.act("upgrade")["resumed"] == "yes"
    site.finish()


def test_a_refresh_from_the_build_before_leaves_a_run_at_work(deployed, build_before, this_build):
    site = deployed(build_before)
    with site.going(), held(site):
        before = interpreters(site)
        site.juju.refresh("cou", path=this_build)
        await_files_of(site, this_build)
        assert interpreters(site) == before, "another supervisor or runner than before"
        assert site.seen()["state"] in LIVE
    site.finish()
    # The words are the new build's, of a run that the old one made.
    site.await_status("active", "upgraded to victoria")
    assert "victoria" in site.act("report", format="markdown")["report"]


def test_a_run_that_the_build_before_began_is_stopped_and_finished_by_this_one(
    deployed, build_before, this_build
):
    site = deployed(build_before)
    with site.going(), held(site):
        site.juju.refresh("cou", path=this_build)
        await_files_of(site, this_build)
        assert "Nothing further begins" in site.act("cancel")["message"]
    site.await_run("stopped")
    site.await_status("blocked", "upgrade")
    assert site.act("upgrade")["resumed"] == "yes"
    site.finish()


def await_files_of(site, charm):
    """Wait until the unit has the files of a build, and Juju has told it."""
    with zipfile.ZipFile(charm) as packed:
        wanted = packed.read("manifest.yaml").decode()
    deadline = time.monotonic() + LONGEST_S
    while site.machine.run("cat", f"{CHARM}/manifest.yaml").stdout != wanted:
        assert time.monotonic() < deadline, site.log()
        time.sleep(0.2)
    site.juju.wait(
        lambda status: status.apps["cou"].units["cou/0"].juju_status.current == "idle",
        timeout=LONGEST_S,
    )


def test_removal_in_the_middle_of_a_run_leaves_nothing_but_its_journal(deployed, this_build):
    site = deployed(this_build)
    with site.going():
        site.juju.remove_application("cou")
        deadline = time.monotonic() + LONGEST_S
        while "cou" in site.juju.status().apps:
            assert time.monotonic() < deadline, site.log()
            time.sleep(0.3)
    assert " cou." not in site.modules()
    for path in (AGENT, f"{RUN}/access.json", f"{RUN}/attempt.env"):
        assert not site.exists(path), path
    assert not site.exists(f"/run/systemd/system/{SERVICE}")
    assert site.exists("/var/lib/cou/cou-0/journal.sqlite"), "the run is not finished"
