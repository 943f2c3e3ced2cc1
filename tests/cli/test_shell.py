"""``make shell``: the shell that it opens, without the cloud."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SHELL = """
import shutil
from demo import __main__ as demo
from demo.stage import Stage
stage = Stage("test")
try:
    demo._shell(stage)
    for path in sorted(stage.folder.rglob("*")):
        print("left", path.relative_to(stage.folder))
finally:
    shutil.rmtree(stage.folder)
"""


@pytest.mark.slow
def test_what_is_typed_in_the_shell_writes_nothing_to_the_users_folder(tmp_path: pathlib.Path):
    environment = {**os.environ, "HOME": str(tmp_path), "SHELL": "/bin/bash"}
    for name in ("XDG_STATE_HOME", "XDG_DATA_HOME", "HISTFILE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", SHELL],
        cwd=ROOT,
        env=environment,
        input="cou plan\nhistory -a\nexit\n",
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "left state/cou/log" in done.stdout, done.stderr
    assert "left history" in done.stdout
    assert list(tmp_path.iterdir()) == []
