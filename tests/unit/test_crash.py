"""The named points: whatever is written, called or started can be struck at, by its name."""

from __future__ import annotations

import pathlib
import re

from cou import crash

SOURCES = pathlib.Path(crash.__file__).parents[1]
WRITE = re.compile(r'\.write\(\s*"([a-z-]+)"')
REACH = re.compile(r'crash\.reach\("([a-z/-]+)/(?:before|after)"\)')


def found(pattern):
    return {name for path in SOURCES.rglob("*.py") for name in pattern.findall(path.read_text())}


def test_each_write_to_the_journal_is_a_named_point_and_each_name_is_written():
    assert found(WRITE) == set(crash.WRITES)


def test_each_place_that_passes_a_point_by_name_passes_one_of_those():
    named = {name.rpartition("/")[0] for name in crash.NAMES}
    passed = found(REACH)
    assert passed
    assert passed <= named
