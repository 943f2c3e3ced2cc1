"""``juju-testbed up --from``: somebody's model, deployed with its own numbers and versions."""

from __future__ import annotations

import json
import pathlib
import subprocess

import pytest
from juju_testbed.control import __main__ as program
from juju_testbed.control.state import State

pytestmark = [pytest.mark.slow]


def unit(machine: str, version: str, **more: object) -> dict[str, object]:
    told = {"machine": machine, "principal": "", "version": version, "status": "active"}
    return {**told, "leader": False, "paused": False, **more}


def application(charm: str, channel: str, units: dict[str, object]) -> dict[str, object]:
    return {
        "charm": charm,
        "scheme": "ch",
        "channel": channel,
        "revision": 1,
        "newer": False,
        "series": "jammy",
        "subordinate-to": [],
        "options": {},
        "units": units,
    }


# Half-way through an upgrade: the units of glance are of two releases, and one is paused.
GLANCE = {
    **application(
        "glance",
        "zed/stable",
        {
            "glance/3": unit("0/lxd/2", "24.2.1", leader=True),
            "glance/7": unit("1", "25.0.0", paused=True),
        },
    ),
    "options": {"openstack-origin": "cloud:jammy-zed"},
}
SNAPSHOT = {
    "schema": 1,
    "model": "prod",
    "juju": "3.5.4",
    "retries-hooks": False,
    "machines": {"0": {"zone": "az1"}, "0/lxd/2": {"zone": "az1"}, "1": {"zone": ""}},
    "applications": {
        "glance": GLANCE,
        "grafana-agent": application("grafana-agent", "", {"grafana-agent/0": unit("1", "")}),
    },
    "relations": [["glance:cos-agent", "grafana-agent:cos-agent"]],
    "ceph": {},
}


def test_a_snapshot_is_deployed_as_it_was(tmp_path: pathlib.Path, capsys):
    path, state = tmp_path / "snapshot.json", State(tmp_path / "state")
    path.write_text(json.dumps(SNAPSHOT))
    up = ["up", "--state", str(state.folder), "--profile", "fast", "--from", str(path)]
    try:
        assert program.main(up) == 0
        assert "grafana-agent is not simulated and left out" in capsys.readouterr().out
        asked = [str(state.juju), "status", "--format", "json"]
        status = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
        path.write_text("{")
        assert program.main(["rehearse", "--state", str(state.folder), str(path)]) == 1
        assert "no JSON" in capsys.readouterr().err
    finally:
        assert program.main(["down", "--state", str(state.folder)]) == 0
    assert list(status["applications"]) == ["glance"]
    units = status["applications"]["glance"]["units"]
    assert {name: one["machine"] for name, one in units.items()} == {
        "glance/3": "0/lxd/2",
        "glance/7": "1",
    }
    assert units["glance/3"]["leader"]
    assert units["glance/7"]["workload-status"]["message"].startswith("Paused")
    assert "az1" in status["machines"]["0"]["hardware"]
