"""Journals of simulated runs lie in memory; see `world.MEMORY`."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator

import pytest

from . import world as worlds


@pytest.fixture
def run_coroutine():
    return worlds.run


@pytest.fixture
def tmp_path() -> Iterator[pathlib.Path]:
    with tempfile.TemporaryDirectory(prefix="cou-", dir=worlds.MEMORY) as folder:
        yield pathlib.Path(folder)
