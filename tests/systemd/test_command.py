"""The command `cou` that the charm installs, on a machine where systemd keeps the run."""

from __future__ import annotations

import concurrent.futures
import json
import time

import pytest

from .site import PASSWORD, SERVICE
from .test_service import assert_nothing_runs, await_over

pytestmark = [pytest.mark.systemd, pytest.mark.slow]
COU = "/usr/local/bin/cou"
# Attach, and send SIGTERM once something of the run was told.
ATTACH_AND_TERMINATE = f"""
{COU} attach >/run/attach.out 2>&1 &
pid=$!
while kill -0 $pid && ! grep -q . /run/attach.out; do sleep 0.1; done
kill -TERM $pid
wait $pid
echo "ended with $?"
cat /run/attach.out
"""


@pytest.mark.deep
def test_the_command_that_the_charm_installs_joins_the_service(site):
    # Juju puts this link there itself (core/paths).
    tool = "/var/lib/juju/tools/unit-cou-0/juju-exec"
    site.machine.run("ln", "-s", tool, "/usr/local/bin/juju-exec")
    plan = json.loads(site.machine.run(COU, "plan", "--format", "json").stdout)
    with concurrent.futures.ThreadPoolExecutor() as beside:
        with site.going() as answer:
            assert answer["plan"] == plan["hash"]
            typed = beside.submit(site.machine.run, "bash", "-c", ATTACH_AND_TERMINATE)
            while not typed.done() and site.seen()["cancel"] is None:
                time.sleep(0.3)
        told = typed.result().stdout
    assert "ended with 143\n" in told
    assert told.endswith("charmed-openstack-upgrader has been stopped safely\n")
    assert site.seen()["state"] == "stopped"
    site.await_status("blocked", "upgrade")
    await_over(site)
    assert_nothing_runs(site)

    done = site.machine.run(COU, "upgrade", "--auto-approve").stdout
    assert done.startswith("Full execution log: '/var/lib/cou/cou-0/log/cou-")
    assert done.endswith("The upgrade to 'victoria' is complete.\n")
    site.finish()
    site.await_status("active", "upgraded to victoria")
    await_over(site)
    journal = site.machine.run("journalctl", "--no-pager", "-u", SERVICE).stdout
    assert "ends: completed" in journal, "the service, not the command, did the work"
    search = f"grep -l -s -a -r '{PASSWORD[:-1]}[{PASSWORD[-1]}]' /var/lib/cou /usr/local/bin"
    assert site.machine.run("sh", "-c", search, check=False).stdout == ""
    assert_nothing_runs(site)
