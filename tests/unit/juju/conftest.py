from __future__ import annotations

import asyncio

import pytest


@pytest.fixture(autouse=True)
def _transports(nothing_asked_of_a_forgotten_transport):
    pass


@pytest.fixture
def run_coroutine():
    return asyncio.run
