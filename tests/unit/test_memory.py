"""What tests write to memory is gone when they are done, however they end."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.memory import Folder

TOP = pathlib.Path(__file__).parents[2]
CONFTEST = """
import importlib.util, pathlib, sys
sys.path.insert(0, {top!r})
from tests import memory
here = pathlib.Path({memory!r})
memory.usable.__defaults__ = memory.Folder.__init__.__defaults__ = (here,)
spec = importlib.util.spec_from_file_location("projects", {top!r} + "/conftest.py")
projects = importlib.util.module_from_spec(spec)
spec.loader.exec_module(projects)
projects.KEPT = pathlib.Path({kept!r})
projects.ROOT = pathlib.Path(__file__).parent
globals().update((name, one) for name, one in vars(projects).items() if name.startswith("pytest_"))
"""
TESTS = """
import os, time
import pytest

def write(folder):
    (folder / "large").write_bytes(bytes(100_000))
    os.mkfifo(folder / "pipe")

def test_passes(tmp_path):
    write(tmp_path)

@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    write(folder)
    return folder

def test_shares(shared):
    assert (shared / "large").exists()
"""


@pytest.fixture
def session(tmp_path: pathlib.Path):
    """Start a session of tests whose memory is a folder."""
    memory = tmp_path / "m"
    memory.mkdir()
    given = {"top": str(TOP), "memory": str(memory), "kept": str(tmp_path / "kept")}
    (tmp_path / "conftest.py").write_text(CONFTEST.format(**given))
    environment = {key: value for key, value in os.environ.items() if "PYTEST" not in key}

    def start(more: str, *options: str) -> subprocess.Popen[str]:
        (tmp_path / "test_some.py").write_text(TESTS + more)
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options),
                *("-o", "tmp_path_retention_policy=failed", "--rootdir", str(tmp_path)),
                str(tmp_path / "test_some.py"),
            ],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.mark.deep
@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_tests_that_pass_leave_nothing(session, tmp_path, options):
    process = session("", *options)
    said = process.communicate(timeout=300)[0]
    assert process.returncode == 0, said
    assert list((tmp_path / "m").iterdir()) == []
    assert not (tmp_path / "kept").exists()


@pytest.mark.deep
@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_what_a_failed_test_has_written_is_moved_to_the_disk(session, tmp_path, options):
    failing = "\ndef test_fails(tmp_path):\n    (tmp_path / 'why').touch()\n    assert False\n"
    process = session(failing, *options)
    said = process.communicate(timeout=300)[0]
    assert process.returncode == 1, said
    assert list((tmp_path / "m").iterdir()) == []
    assert [path.name for path in (tmp_path / "kept").rglob("why")] == ["why"]
    assert str(tmp_path / "kept") in said


@pytest.mark.slow
def test_what_a_killed_session_has_left_is_removed_by_the_next(session, tmp_path):
    killed = session("\ndef test_waits(tmp_path):\n    write(tmp_path)\n    time.sleep(600)\n")
    deadline = time.monotonic() + 60
    while not list((tmp_path / "m").rglob("test_waits0/large")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    beside = Folder(tmp_path / "m")  # nothing of a session that lives is touched
    assert len(list((tmp_path / "m").iterdir())) == 2
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=300)
    Folder(tmp_path / "m").leave(tmp_path / "kept")
    assert list((tmp_path / "m").iterdir()) == [beside.path]
    shutil.rmtree(beside.path)
