"""A testbed starts by itself, answers, and leaves nothing behind."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from juju_testbed.agent import survivors
from juju_testbed.control import lifecycle
from juju_testbed.control.server import PACKAGE_PARENT
from juju_testbed.control.state import State, StateError, start_time
from juju_testbed.control.world import Settings

TINY = pathlib.Path(__file__).parents[1] / "agent" / "charms" / "tiny"
SETTINGS = Settings(profile="instant")
# A shell that hears a hang-up, also where whoever runs the tests (nohup) has it ignored.
HEARS = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
HEARS += "os.execvp('sh', ['sh', '-c', *sys.argv[1:]])"
pytestmark = pytest.mark.slow


@pytest.fixture
def state(tmp_path: pathlib.Path) -> Iterator[State]:
    """A folder for a testbed; whatever happens in it, it is stopped in the end."""
    made = State(tmp_path / "state")
    yield made
    assert lifecycle.down(made) == []


def _juju(state: State, *arguments: str) -> str:
    return subprocess.run(
        [str(state.juju), *arguments], check=True, capture_output=True, text=True, timeout=300
    ).stdout


def _spawned(state: State) -> int:
    """Deploy the tiny charm and have it start a process that leaves its session."""
    _juju(state, "deploy", str(TINY))
    deadline = time.monotonic() + 300
    while "idle" not in _juju(state, "status", "tiny"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return int(_juju(state, "run", "tiny/0", "spawn").split()[1].strip("'\""))


def test_down_ends_the_server_and_what_a_charm_left_running(state: State):
    running = lifecycle.up(state, SETTINGS)
    left = _spawned(state)
    assert start_time(left)
    assert lifecycle.down(state) == []
    assert not start_time(left)
    assert start_time(running.pid) != running.started
    assert state.running() is None


def test_a_testbed_that_is_down_is_said_to_be_unreachable(state: State):
    lifecycle.up(state, SETTINGS)
    assert lifecycle.down(state) == []
    done = subprocess.run([str(state.juju), "status"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "ERROR unable to connect to API: 127.0.0.1:" in done.stderr


@pytest.mark.deep
def test_sigterm_ends_the_server_and_down_still_finds_what_was_left(state: State):
    running = lifecycle.up(state, SETTINGS)
    left = _spawned(state)
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + 300
    while state.running() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert start_time(left)
    assert lifecycle.down(state) == []
    assert not start_time(left)


@pytest.mark.deep
def test_a_killed_server_does_not_stop_down_or_the_next_up(state: State):
    running = lifecycle.up(state, SETTINGS)
    left = _spawned(state)
    os.kill(running.pid, signal.SIGKILL)
    while state.running() is not None:
        time.sleep(0.05)
    again = lifecycle.up(state, SETTINGS)
    assert again.pid != running.pid
    assert not start_time(left)
    assert "tiny" not in _juju(state, "status")


def test_two_testbeds_run_side_by_side(state: State, tmp_path: pathlib.Path):
    other = State(tmp_path / "other")
    one = lifecycle.up(state, SETTINGS)
    try:
        two = lifecycle.up(other, SETTINGS)
        assert one.address != two.address
        _juju(state, "deploy", str(TINY))
        assert "tiny" in _juju(state, "status")
        assert "tiny" not in _juju(other, "status")
    finally:
        assert lifecycle.down(other) == []
    assert "tiny" in _juju(state, "status")


def test_a_second_up_and_a_foreign_folder_are_refused(state: State, tmp_path: pathlib.Path):
    lifecycle.up(state, SETTINGS)
    with pytest.raises(StateError, match="runs in"):
        lifecycle.up(state, SETTINGS)
    foreign = tmp_path / "home"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("x")
    with pytest.raises(StateError, match="holds no testbed"):
        lifecycle.up(State(foreign), SETTINGS)
    assert (foreign / "thesis.tex").exists()


def test_only_files_of_the_owner_hold_passwords(state: State):
    lifecycle.up(state, SETTINGS)
    for name in ("accounts.yaml", "controllers.yaml", "models.yaml"):
        assert (state.juju_data / name).stat().st_mode & 0o077 == 0


def test_the_server_outlives_the_shell_that_started_it(state: State):
    program = [sys.executable, "-m", "juju_testbed.control", "up", "--profile", "instant"]
    folder = str(state.folder)
    shell = subprocess.run(
        [sys.executable, "-c", HEARS, '"$@"; kill -HUP 0', "sh", *program, "--state", folder],
        start_new_session=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE_PARENT)},
        timeout=300,
        # Whoever has the tests run by nohup has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    assert shell.returncode != 0  # the hang-up reached the shell
    assert state.running() is not None
    assert "Model" in _juju(state, "status")


def test_a_process_with_a_clean_environment_is_found_by_what_it_runs(tmp_path: pathlib.Path):
    script = tmp_path / "agents" / "unit-x-0" / "charm" / "runner.py"
    script.parent.mkdir(parents=True)
    script.write_text("import time; time.sleep(60)")
    process = subprocess.Popen([sys.executable, str(script)], env={})
    try:
        while process.pid not in survivors.find("none", tmp_path):
            assert process.poll() is None
            time.sleep(0.02)
        assert survivors.sweep("none", tmp_path) == []
    finally:
        process.kill()
        process.wait()
