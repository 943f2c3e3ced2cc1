"""A supervisor in a session of its own."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest
from cou.errors import CouError
from cou.process.access import Access
from cou.process.paths import RunPaths
from cou.process.spawn import SessionLauncher

ACCESS = Access(("127.0.0.1:1",), "PEM", "uuid", "m", "cou", "secret")


def test_a_supervisor_that_cannot_be_started_is_an_error_that_names_the_log(tmp_path, monkeypatch):
    false = shutil.which("false")
    assert false
    monkeypatch.setattr(sys, "executable", false)
    place = RunPaths(tmp_path / "home", pathlib.Path(tmp_path / "run"))
    with pytest.raises(CouError) as caught:
        SessionLauncher(place).start("r1", 1, ACCESS)
    assert caught.value.code == "not-started"
    assert str(place.log("r1")) in caught.value.remedy


BEGIN = """
import pathlib, sys
from cou.process.access import Access
from cou.process.paths import RunPaths
from cou.process.spawn import SessionLauncher
place = RunPaths(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
account = Access(("127.0.0.1:1",), "PEM", "uuid", "m", "cou", "secret")
SessionLauncher(place).start("r1", 1, account)
"""


@pytest.mark.slow
@pytest.mark.parametrize("key", ["SIGINT", "SIGQUIT", "SIGHUP"])
def test_a_key_that_is_pressed_before_it_has_a_session_does_not_end_it(tmp_path, key):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace")
    place = RunPaths(tmp_path / "home", tmp_path / "run")
    done = subprocess.run(
        [
            *(strace, "-f", "-o", str(tmp_path / "trace")),
            *("-e", "trace=setsid", "-e", f"inject=setsid:signal={key}"),
            *(sys.executable, "-c", BEGIN, str(place.home), str(place.run_dir)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "setsid()" in (tmp_path / "trace").read_text()
    assert (done.returncode, done.stderr) == (0, "")
    # It came as far as it can without a journal.
    assert place.log("r1").read_text()
