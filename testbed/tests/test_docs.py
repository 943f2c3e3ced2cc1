"""What the documentation names is there."""

from __future__ import annotations

import pathlib
import re

import pytest
from juju_testbed.control.faults import faults

TESTBED = pathlib.Path(__file__).parents[1]
NAMED = sorted(
    set(
        re.findall(
            r"`([\w/]+\.py)::(test_\w+)`", (TESTBED / "docs/fidelity.md").read_text("utf-8")
        )
    )
)


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_test_that_the_table_names_exists(file, test):
    root = TESTBED.parent if file.startswith("tests/") else TESTBED / "tests"
    assert f"def {test}(" in (root / file).read_text("utf-8")


def test_the_table_names_tests_at_all():
    assert len(NAMED) > 30


def test_every_fault_is_in_the_readme():
    text = (TESTBED / "README.md").read_text("utf-8")
    assert [name for name in (*faults(), "storm") if f"`{name}`" not in text] == []
