"""Every occurrence of every point in a large cloud, in virtual time."""

from __future__ import annotations

import functools

import pytest
from cou.operations import calls

from . import chains, small
from .harness import OPTIONS, How

pytestmark = [pytest.mark.slow, pytest.mark.deep]

# Of the cancels and forces in a large cloud; `make proof` has them all.
SHARE = 20


@functools.cache
def every():
    found = chains.occurrences(chains.large(), {})
    assert len(found) > 2500
    return found


@pytest.mark.parametrize("part", range(4))
def test_killed_at_every_occurrence_in_a_large_cloud_nothing_is_lost_or_repeated(part):
    """Each part is struck in a quarter of the run, at one occurrence after the other."""
    quarter = -(-len(every()) // 4)
    wanted = every()[part * quarter :][:quarter]
    told = chains.chain(chains.large(), {}, wanted)
    assert told.broken == []
    assert told.struck == len(wanted)


@pytest.mark.parametrize("how", [How.CANCEL, How.FORCE], ids=["plain", "forced"])
def test_cancelled_all_over_a_large_cloud_nothing_starts_and_nothing_is_lost(how):
    wanted = every()[::SHARE]
    told = chains.chain(chains.large(), {}, wanted, how)
    assert told.broken == []
    assert told.struck == len(wanted)


def test_an_occurrence_that_is_never_reached_is_a_violation():
    never = chains.Occurrence("vault/wait", "juju/refresh/after", 1)
    told = chains.chain(small.BUNDLE, OPTIONS, [never])
    assert told.struck == 0
    assert "never reached" in told.broken[0]


def test_a_chain_notices_an_intent_that_is_written_after_its_call(monkeypatch):
    wanted = [one for one in chains.occurrences(small.BUNDLE, OPTIONS) if "enqueue" in one.name]

    async def forgetful(self, operation, asked, tries=0):
        return await self._dispatch(operation, asked)

    monkeypatch.setattr(calls.Calls, "_settle", forgetful)
    told = chains.chain(small.BUNDLE, OPTIONS, wanted)
    assert any("once" in one or "times" in one for one in told.broken), told.broken
