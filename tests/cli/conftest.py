from __future__ import annotations

import dataclasses
import socket
import time

import pytest

from .cloud import QUICK, Cloud, User


@pytest.fixture
def cloud(request):
    """A quick one; `durations` of the test make what they name slow."""
    marker = request.node.get_closest_marker("durations")
    cloud = Cloud(durations=dataclasses.replace(QUICK, **marker.kwargs if marker else {}))
    yield cloud
    cloud.stop()


@pytest.fixture
def user(tmp_path, request):
    """A user who knows the test's cloud, if it has one; nothing of theirs is left running."""
    user = User(tmp_path)
    if "cloud" in request.fixturenames:
        user.knows_cloud(request.getfixturevalue("cloud"))
    yield user
    if (tmp_path / "state").exists():
        user.run("cancel", "--force")


@pytest.fixture
def silent():
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def at(user):
    """Start commands at terminals of their own; none outlives the test."""
    started = []

    def start(*arguments):
        started.append(user.at_terminal(*arguments))
        return started[-1]

    yield start
    for terminal in started:
        terminal.close()


@pytest.fixture
def eventually():
    """Wait for something to become true."""

    def wait(check, timeout_s=180):
        deadline = time.monotonic() + timeout_s
        while not check():
            assert time.monotonic() < deadline, "it never came"
            time.sleep(0.1)

    return wait
