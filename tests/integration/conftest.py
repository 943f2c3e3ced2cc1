"""One deployed model per module: each test brings it into the state it begins with."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from . import ground as grounds
from .operator import Operator

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.integration)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def ground(request: pytest.FixtureRequest) -> Iterator[grounds.Ground]:
    yield from grounds.prepared(getattr(request.module, "SCALE", 1.0))


@pytest.fixture
def operator(ground: grounds.Ground) -> Iterator[Operator]:
    operator = Operator(ground)
    yield operator
    operator.leave_nothing_going()
