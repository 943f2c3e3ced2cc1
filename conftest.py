"""Which files of tests begin first where several run at once, where they write, and no haste."""

from __future__ import annotations

import os
import pathlib

import hypothesis
import pytest

ROOT = pathlib.Path(__file__).parent
MEMORY = "/dev/shm"  # noqa: S108 - what lies there has names of its own
ROOM = 1 << 30  # bytes; all tests at once take less than a tenth
# Whose files take longest, so that none of them begins when the others are done.
LONG = (
    "tests/integration/test_disturbed.py",
    "tests/integration",
    "tests/systemd",
    "testbed/tests/agent",
    "testbed/tests/command",
    "testbed/tests/control",
    "tests/processes",
    "tests/cli",
    "tests/simulation",
    "testbed/example",
)


# However long a machine that is busy with other things takes for one example.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


def pytest_configure() -> None:
    """Let tests write to memory: each hook syncs its database, for which a busy disk takes long.

    What they start must be able to run there, and containers often have very little of it.
    """
    if not os.access(MEMORY, os.W_OK):
        return
    there = os.statvfs(MEMORY)
    if not there.f_flag & os.ST_NOEXEC and there.f_bavail * there.f_frsize > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; each file keeps its own order."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    path = item.path.relative_to(ROOT)
    for rank, named in enumerate(LONG):
        if path.is_relative_to(named):
            return rank
    return len(LONG)
