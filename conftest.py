"""Which files of tests begin first where several run at once."""

from __future__ import annotations

import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; each file keeps its own order."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    path = item.path.relative_to(ROOT)
    for rank, named in enumerate(LONG):
        if path.is_relative_to(named):
            return rank
    return len(LONG)
