"""Waiting for the processes of an attempt, with real processes that hold the locks."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import time

import pytest
from cou.process import await_end

HOLDER = """
import sys, time
from cou.process.locks import Lock
import pathlib
held = Lock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["supervisor_lock", "runner_lock"])
def process(place, request):
    """Hold one of the locks until its stdin is closed."""
    path = getattr(place, request.param)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def watches(pid):
    """Whether a process has a pidfd of another one open."""
    with contextlib.suppress(FileNotFoundError):  # it has just closed one
        opened = pathlib.Path(f"/proc/{pid}/fd").iterdir()
        return any("pidfd" in os.readlink(one) for one in opened)
    return False


def test_nobody_is_waited_for_where_no_lock_is_held(place):
    assert await_end.wait(place)


def test_who_holds_a_lock_is_waited_for_as_long_as_agreed(place, process):
    assert not await_end.wait(place, 0.3)
    assert process.poll() is None


def test_the_wait_is_over_when_the_holder_is(place, process):
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "cou.process.await_end",
            "--home",
            place.home,
            "--run-dir",
            place.run_dir,
        ]
    ) as waiting:
        while not watches(waiting.pid):
            assert waiting.poll() is None
            time.sleep(0.02)
        process.stdin.close()
        assert waiting.wait(120) == 0
