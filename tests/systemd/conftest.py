"""A site per test; skipped, loudly, where no machine can be booted."""

from __future__ import annotations

import functools
import os
import pathlib
import shutil
import tempfile

import pytest

from .machine import Machine, NoMachine
from .site import Site

# `.ci/run` looks for these words.
LOUD = "TESTS ON REAL SYSTEMD SKIPPED"


@functools.cache
def obstacle() -> str:
    """Return why no machine can be booted here; empty if one can. It boots one to see."""
    if os.environ.get("COU_NO_SYSTEMD") == "1":
        return "COU_NO_SYSTEMD=1 is set"
    folder = _folder()
    machine = Machine(folder / "trial")
    try:
        machine.boot()
    except NoMachine as why:
        return str(why)
    finally:
        machine.close()
        shutil.rmtree(folder)
    return ""


def _folder() -> pathlib.Path:
    return pathlib.Path(tempfile.mkdtemp(prefix="cou-systemd-"))


@pytest.fixture
def site():
    """A cloud that is to be upgraded, and the charm in a machine with systemd."""
    if why := obstacle():
        pytest.skip(f"{LOUD}: {why}")
    folder = _folder()
    site = Site(Machine(folder / "site"))
    try:
        site.start()
        yield site
    finally:
        site.stop()
        shutil.rmtree(folder)


def pytest_terminal_summary(terminalreporter):
    """Say it where nobody can overlook it."""
    skipped = [
        one for one in terminalreporter.stats.get("skipped", []) if LOUD in str(one.longrepr)
    ]
    if skipped:
        terminalreporter.section(f"{LOUD}: {len(skipped)}", sep="!", red=True, bold=True)
        terminalreporter.line(obstacle())
