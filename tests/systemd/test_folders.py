"""The folders of a real unit, of which root makes something else than the charm has made."""

from __future__ import annotations

import time

import jubilant
import pytest

from .site import LONGEST_S, PASSWORD, RUN, SERVICE
from .test_service import assert_nothing_runs, await_over

pytestmark = [pytest.mark.systemd, pytest.mark.slow]
HOME = "/var/lib/cou/cou-0"
# An overlay has a type of its own, so its files count as those of a disk, whatever is below it.
DISK = f"""
mkdir -p /run/disk/lower /run/disk/upper /run/disk/work
mount -t overlay -o lowerdir=/run/disk/lower,upperdir=/run/disk/upper,workdir=/run/disk/work \
    overlay {RUN}
"""


def refused(site, action, **parameters):
    """Run an action that is to fail; return its code and what it says."""
    with pytest.raises(jubilant.TaskError) as caught:
        site.act(action, **parameters)
    return caught.value.task.results["code"], caught.value.task.message


def follow(site, message):
    """Type the command at the end of a message, on the unit's machine and as root."""
    command = message.rpartition("sudo ")[2]
    site.machine.run("sh", "-c", command)


@pytest.mark.deep
def test_a_password_is_not_written_to_a_disk_and_the_printed_command_helps(site):
    site.machine.run("sh", "-c", DISK)
    plan = site.act("plan")["hash"]
    code, message = refused(site, "upgrade", plan=plan)
    assert code == "credential-file"
    assert f"{RUN} is not in memory" in message
    search = f"grep -l -s -a -r '{PASSWORD[:-1]}[{PASSWORD[-1]}]' {RUN} /run/disk /var/lib/cou"
    assert site.machine.run("sh", "-c", search, check=False).stdout == ""
    assert "access.json" not in site.machine.run("ls", RUN).stdout
    site.await_status("blocked", "upgrade")
    assert site.pids() == []

    follow(site, message)
    site.plan_and_upgrade()
    site.finish()
    await_over(site)
    assert_nothing_runs(site)


@pytest.mark.deep
def test_what_is_of_another_user_is_not_used_and_the_printed_command_moves_it_away(site):
    planted = f"{HOME}/log/planted.log"
    site.machine.run("sh", "-c", f"touch {planted} && chown nobody {planted}")
    code, message = refused(site, "plan")
    assert code == "foreign-file"
    assert f"{planted} belongs to the user nobody" in message
    site.await_status("blocked", f"move it away: sudo mv {planted} ")

    follow(site, message)
    # Juju fires no event, and the next update-status is an hour away.
    site.await_status("active", "ready", 60 + 60)
    site.plan_and_upgrade()
    site.finish()
    await_over(site)
    assert_nothing_runs(site)


def test_removal_ends_the_runner_where_something_is_of_another_user(site):
    planted = f"{RUN}/planted"
    with site.going():
        pids = site.pids()
        site.machine.run("sh", "-c", f"touch {planted} && chown nobody {planted}")
        site.juju.remove_unit("cou/0")
        deadline = time.monotonic() + LONGEST_S
        while site.juju.status().apps["cou"].units:
            assert time.monotonic() < deadline, site.log()
            time.sleep(0.3)
        assert not [pid for pid in pids if site.exists(f"/proc/{pid}")], SERVICE
    assert " cou." not in site.modules()
    assert not site.exists(f"{RUN}/access.json")
    assert site.exists(f"{HOME}/journal.sqlite")
