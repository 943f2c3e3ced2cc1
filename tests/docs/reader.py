"""A reader with a terminal, who types what a page says."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from demo import bundles
from demo.stage import Stage

from . import pages

SMALL = pages.TOP / "tests/integration/bundle.yaml"
LONGEST_S = 300.0
_PAUSE_S = 0.5


class Reader:
    """Types the blocks of one page, in a folder of their own.

    Args:
        environment: of the shell.
        folder: where it begins.
    """

    def __init__(self, environment: dict[str, str], folder: pathlib.Path):
        self._environment = environment
        self._folder = folder

    def follow(self, block: pages.Block) -> None:
        """Type one block and compare what is printed with what the page shows.

        Raises:
            AssertionError: it came otherwise.
        """
        if block.not_run:
            return
        if block.first:
            self._run(block.first, fails=False)
        commands = block.instead or block.commands
        deadline = time.monotonic() + LONGEST_S
        while True:
            printed = self._run(commands, fails=block.fails)
            lacks = pages.missing(block.output, printed)
            if not lacks:
                return
            again = block.repeated and time.monotonic() < deadline
            assert again, f"no {lacks!r} in what {commands!r} gave:\n{printed}"
            time.sleep(_PAUSE_S)

    def _run(self, commands: str, *, fails: bool) -> str:
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", commands],
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_S,
        )
        failed = done.returncode != 0
        assert failed == fails, f"{commands!r} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout


@contextlib.contextmanager
def prepared(ground: str) -> Iterator[Reader]:
    """Yield a reader who has what a page asks for; what was started for it ends afterwards."""
    extra = {
        "ROOT": str(pages.TOP),
        "BUNDLE": str(SMALL),
        "COLUMNS": "200",
    }
    tools = str(pathlib.Path(sys.executable).parent)
    if ground == "nothing":
        with tempfile.TemporaryDirectory() as folder:
            path = f"{tools}{os.pathsep}{os.environ['PATH']}"
            yield Reader({**os.environ, **extra, "PATH": path}, pathlib.Path(folder))
        return
    stage = Stage("docs")
    try:
        stage.start()
        if ground == "empty model":
            stage.juju("deploy", str(SMALL))
        else:
            cloud = str(SMALL) if ground == "small cloud" else ""
            stage.deploy(bundles.prepare(cloud, stage.folder)[0])
        home = stage.folder / "reader"
        home.mkdir()
        state = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
        yield Reader({**stage.environment, **extra, **state}, home)
    finally:
        stage.clear()
