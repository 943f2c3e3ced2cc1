"""``juju-testbed up --from``: somebody's model, deployed with its own numbers and versions."""

from __future__ import annotations

import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable

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


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("series: jammy\napplications: {}\n", "no JSON"),  # a bundle is no snapshot
        ("{}", "schema"),
        ("", "is empty"),
        (b"\xff", "cannot read"),
        (None, "cannot read"),
    ],
)
def test_a_start_that_fails_leaves_no_testbed(tmp_path: pathlib.Path, capsys, text, why):
    path, state = tmp_path / "given", State(tmp_path / "state")
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    up = ["up", "--state", str(state.folder), "--profile", "fast", "--from", str(path)]
    assert program.main(up) == 1
    assert why in capsys.readouterr().err
    assert running_in(state) == []


def test_a_start_whose_last_line_nobody_reads_leaves_no_testbed(tmp_path: pathlib.Path):
    state = State(tmp_path / "state")
    with open("/dev/full", "w") as full:
        done = command(state, stdout=full)
        assert done.wait(300) != 0
    assert running_in(state) == []


@pytest.mark.parametrize(
    ("number", "late"), [(signal.SIGKILL, False), (signal.SIGKILL, True), (signal.SIGINT, True)]
)
def test_a_start_that_is_killed_leaves_no_testbed(tmp_path: pathlib.Path, number, late):
    state = State(tmp_path / "state")
    up = command(state, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: state.running() is not None if late else running_in(state))
    up.send_signal(number)
    assert up.wait(300) != 0
    wait_until(lambda: not running_in(state))


def command(state: State, **options) -> subprocess.Popen[bytes]:
    """Start a testbed in a process of its own; where nothing is read, it never hears an answer."""
    words = [sys.executable, "-m", "juju_testbed.control", "up", "--state", str(state.folder)]
    slow = "import signal, time; from juju_testbed.control import lifecycle as l, __main__ as m; "
    # A shell's job in the background has it ignored.
    slow += "signal.signal(signal.SIGINT, signal.default_int_handler); "
    slow += "l._answers = lambda state: time.sleep(300); m.main()"
    if options.get("stdout") == subprocess.DEVNULL:
        words[1:3] = ["-c", slow]
    return subprocess.Popen([*words, "--profile", "fast"], **options)


def running_in(state: State) -> list[str]:
    """Return the process ids of a folder's servers."""
    server = f"juju_testbed.control.server\0--state\0{state.folder}\0".encode()
    found: list[str] = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            if server in (entry / "cmdline").read_bytes():
                found.append(entry.name)
    return found


def wait_until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 300
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
