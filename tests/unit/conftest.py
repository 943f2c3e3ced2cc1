"""A run's folders and its journal, empty."""

from __future__ import annotations

import pytest
from cou.journal import Journal
from cou.journal.records import Limit
from cou.process.paths import RunPaths
from juju_testbed.model import virtual


@pytest.fixture
def run_coroutine():
    return virtual.run


@pytest.fixture
def place(tmp_path):
    place = RunPaths(tmp_path / "home", tmp_path / "run")
    place.make()
    return place


@pytest.fixture
def journal(place):
    journal = Journal(place.home)
    yield journal
    journal.close()


@pytest.fixture
def attempt(journal):
    return journal.create_run("{}", {}, ["a"], Limit())
