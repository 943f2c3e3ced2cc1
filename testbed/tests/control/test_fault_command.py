"""``juju-testbed fault`` on a running testbed, as an operator and as a shell script use it."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from juju_testbed.control import __main__ as program
from juju_testbed.control import lifecycle
from juju_testbed.control.state import State
from juju_testbed.control.world import Settings

pytestmark = [pytest.mark.slow]

Command = Callable[..., int]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    made = State(tmp_path_factory.mktemp("faults") / "state")
    lifecycle.up(made, Settings(profile="fast", juju="3.4"))
    bundle = made.folder / "bundle.yaml"
    bundle.write_text(
        "series: jammy\napplications:\n"
        "  ntp: {charm: ntp, channel: latest/stable}\n"
        "  keystone: {charm: keystone, channel: yoga/stable, num_units: 1}\n"
    )
    assert juju(made, "deploy", str(bundle)).returncode == 0
    yield made
    assert lifecycle.down(made) == []


def juju(state: State, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(state.juju), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture
def fault(state: State) -> Command:
    return lambda *words: program.main(["fault", "--state", str(state.folder), *words])


def test_without_a_name_all_faults_are_listed_with_their_options(fault, capsys):
    assert fault() == 0
    printed = capsys.readouterr().out
    assert "lose-agent unit\n    Kill a unit's agent" in printed
    assert "call kind facade=* method=*" in printed
    assert "storm seed=0" in printed


def test_the_release_that_was_asked_for_is_served(state):
    assert '"version":"3.4.6"' in juju(state, "status", "--format", "json").stdout


def test_an_action_fails_on_request_and_works_again(state, fault):
    assert fault("action", "unit=keystone/0", "name=pause", "mode=fail") == 0
    assert juju(state, "run", "keystone/0", "pause").returncode == 1
    assert juju(state, "run", "keystone/0", "pause").returncode == 0


def test_a_controller_that_restarts_is_there_again(state, fault):
    assert fault("restart-controller", "seconds=0.3") == 0
    deadline = time.monotonic() + 300
    while juju(state, "status").returncode != 0:
        assert time.monotonic() < deadline


def test_faults_can_be_taken_back_while_the_controller_is_away(state, fault):
    assert fault("restart-controller", "seconds=3600") == 0
    assert "unable to connect" in juju(state, "status").stderr
    assert fault("clear") == 0
    assert juju(state, "status").returncode == 0


def test_a_fault_is_in_force_when_the_command_returns(state, fault):
    assert fault("migrate") == 0
    assert "redirect" in juju(state, "status").stderr
    assert fault("clear") == 0
    assert juju(state, "status").returncode == 0


def test_the_client_is_told_where_the_controller_has_moved(state, fault):
    before = state.running()
    assert fault("move-controller") == 0
    after = state.running()
    assert before
    assert after
    assert before.address != after.address
    assert juju(state, "status").returncode == 0


def test_a_storm_says_what_comes(fault, capsys):
    assert fault("storm", "seed=4", "number=3", "seconds=900") == 0
    first = capsys.readouterr().out
    assert first.count(" s  ") == 3
    assert fault("clear") == 0


@pytest.mark.parametrize(
    ("words", "text"),
    [(["rain"], "no fault"), (["leader", "unit=no/0"], "not found"), (["storm", "x=1"], "storm")],
)
def test_a_wrong_wish_exits_with_1_and_says_why(fault, capsys, words, text):
    assert fault(*words) == 1
    assert text in capsys.readouterr().err


def test_without_a_testbed_there_is_nothing_to_break(tmp_path: pathlib.Path, capsys):
    assert program.main(["fault", "--state", str(tmp_path), "disconnect"]) == 1
    assert "no testbed runs" in capsys.readouterr().err


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("module", "words", "codes"),
    [
        ("juju_testbed.control", ["fault"], (1,)),
        ("juju_testbed.control", ["--help"], (0, 1)),  # argparse may have passed over it
        ("juju_testbed.command", ["help"], (1,)),
        ("juju_testbed.command", ["status", "--help"], (0, 1)),
        ("juju_testbed.judge", [os.devnull], (1,)),  # its verdict of an empty log
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_whoever_reads_only_the_first_line_sees_no_traceback(module, words, codes, unbuffered):
    reading, writing = os.pipe()
    os.close(reading)  # as `head` does once it has read enough
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    os.close(writing)
    assert done.returncode in codes
    assert done.stderr == ""
