"""A status whose cause goes without a word from Juju, with `update-status` an hour away."""

from __future__ import annotations

import time

import jubilant
import pytest

from .site import LONGEST_S, PASSWORD, RUN
from .test_service import await_over

pytestmark = [pytest.mark.systemd, pytest.mark.slow]
LOOK = "cou-cou-0-look.service"
# The longest pause between two looks, and time for the last of them on a busy machine.
GRANT_SEEN_S = 60 + 60


def looking(site, key="ActiveState"):
    return site.machine.run("systemctl", "show", "-P", key, LOOK).stdout.strip()


def name_another_secret(site, name):
    """Have the option name a secret that the application may not read."""
    uri = site.juju.add_secret(name, {"username": "cou", "password": PASSWORD})
    site.juju.config("cou", {"credentials": uri})
    site.await_status("blocked", "not granted")
    assert looking(site) == "active"
    assert site.exists(f"{RUN}/blocked")


def test_a_grant_alone_makes_the_unit_ready_and_nothing_goes_on_looking(site):
    assert looking(site) == "inactive", "nobody has anything to look at"
    name_another_secret(site, "second")
    # A hook that was still to come would see the grant as well.
    site.juju.wait(lambda status: jubilant.all_agents_idle(status, "cou"), timeout=LONGEST_S)
    site.juju.grant_secret("second", "cou")
    site.await_status("active", "ready", GRANT_SEEN_S)
    deadline = time.monotonic() + LONGEST_S
    while looking(site) != "inactive":
        assert time.monotonic() < deadline, site.log()
        time.sleep(0.1)
    assert looking(site, "Result") == "success"
    assert not site.exists(f"{RUN}/blocked")

    name_another_secret(site, "third")
    site.juju.remove_unit("cou/0")
    while site.juju.status().apps["cou"].units:
        assert time.monotonic() < deadline, site.log()
        time.sleep(0.3)
    await_over(site)
    assert looking(site) == "inactive"
    assert "run_changed" not in site.modules()
    # A folder of that name is the tests' own (`Machine.boot`), where their Python needs it.
    left = site.machine.run("find", "/run/systemd/system", "-name", "cou-*", "!", "-type", "d")
    assert left.stdout == ""
