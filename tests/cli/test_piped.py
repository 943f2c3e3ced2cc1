"""What is said where there is no terminal: each line before the work that it tells of."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow


def until(pipe, wanted, timeout_s=240.0):
    """Read what has been written to a pipe until a line has come, without asking for more."""
    text, deadline = "", time.monotonic() + timeout_s
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while wanted not in text:
            assert time.monotonic() < deadline, f"{wanted!r} did not come: {text}"
            if selector.select(0.1):
                data = os.read(pipe.fileno(), 65536)
                assert data, f"ended without {wanted!r}: {text}"
                text += data.decode()
    return text


@pytest.fixture
def piped(user):
    """Start commands whose output is read through pipes; none outlives the test."""
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, *(() if arguments[0] == "-c" else ("-m", "cou.cli")), *arguments],
            env=user.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("form", "stream"), [("text", "stdout"), ("json", "stderr")])
def test_what_is_analysed_is_said_while_it_is_analysed(cloud, piped, form, stream):
    cloud.hold(name="*")  # what the analysis asks of units
    process = piped("plan", "--format", form)
    text = until(getattr(process, stream), "Analyzing cloud...\n", timeout_s=30)
    assert text.index("Connecting to 'test-model' model...\n") < text.index("Connected to")
    assert "Generating" not in text
    cloud.release()
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, (out, err)
    rest = (out if stream == "stdout" else err).decode()
    assert "Generating upgrade plan...\n" in rest
    assert "Analyzing" not in rest + text.replace("Analyzing", "", 1)


# The command with a planner that waits for a file.
HELD = """
import pathlib, sys, time
from cou.plan import planner

plan, gate = planner.plan, pathlib.Path(sys.argv.pop(1))

def held(*given, **named):
    while not gate.exists():
        time.sleep(0.02)
    return plan(*given, **named)

planner.plan = held
from cou.cli.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_what_is_planned_is_said_while_it_is_planned(user, cloud, piped, tmp_path):
    gate = tmp_path / "gate"
    process = piped("-c", HELD, str(gate), "plan")
    text = until(process.stdout, "Generating upgrade plan...\n", timeout_s=60)
    said = ["Connecting to", "Connected to 'test-model'", "Analyzing cloud...", "Generating"]
    assert sorted(said, key=text.index) == said
    assert process.poll() is None
    gate.touch()
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, (out, err)
    assert out.decode().startswith("Upgrade cloud from")
    assert "Generating" not in out.decode()


def test_what_is_connected_to_is_said_while_it_does_not_answer(user, piped, silent):
    user.knows([f"127.0.0.1:{silent}"], "", "a" * 8, model="default")
    process = piped("plan")
    until(process.stdout, "Connecting to 'default' model...\n", timeout_s=30)
    assert process.poll() is None
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Connect" not in out.decode()
