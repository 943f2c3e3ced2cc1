"""The service broken on purpose: what the tests of it look at is then not so."""

from __future__ import annotations

import pytest

from .site import SERVICE
from .test_service import UNIT_FILE

pytestmark = [pytest.mark.systemd, pytest.mark.slow]


@pytest.mark.deep
def test_where_only_the_main_process_is_killed_something_is_left(site):
    """`test_the_end_of_the_supervisor_ends_all_and_juju_status_tells` rests on KillMode=mixed."""
    site.machine.write(f"{UNIT_FILE}.d/broken.conf", "[Service]\nKillMode=process\n")
    site.machine.run("systemctl", "daemon-reload")
    with site.going():
        assert site.service("KillMode") == "process"
        stray = site.stray()
        site.machine.run("kill", "-KILL", site.service("MainPID"))
        site.await_status("blocked", "upgrade")
    assert site.service() == "failed", SERVICE
    assert site.exists(f"/proc/{stray}")
    site.machine.run("kill", "-KILL", str(stray))
