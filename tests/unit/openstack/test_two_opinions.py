"""The planner and the judge come to what may overlap by ways of their own, and agree.

The planner has it in a table; the judge takes what is left of the charm guide's order when all
that others need is taken away. A charm that is wrong in one of them is found by the other.
"""

from __future__ import annotations

import itertools

import pytest
from cou.openstack import charms, overlaps
from cou.openstack.charms import CharmKind
from juju_testbed import judge
from juju_testbed.judge import knowledge

CHARMS = sorted({*knowledge.PRINCIPALS, *knowledge.SUBORDINATES} - {charms.NOVA_COMPUTE})


def rows(one: str, other: str):
    """Return a log of two applications that are at work at the same time."""
    for name, charm in (("one", one), ("other", other)):
        unit = {f"{name}/0": {"machine": name, "zone": "az1"}}
        yield "deployed", {"application": name, "charm": charm, "units": unit, "config": {}}
    for name in ("one", "other"):
        yield "config-changed", {"application": name, "key": "debug", "old": 0, "new": 1}
    for name in ("one", "other"):
        for event in ("hook-begun", "hook-ended"):
            yield event, {"unit": f"{name}/0", "hook": "config-changed", "code": 0}


def allowed(one: str, other: str) -> bool:
    """Whether the judge has nothing against it."""
    log = [
        {
            "seq": seq,
            "at": f"2030-01-01T00:00:{seq:02}.000000+00:00",
            "event": event,
            "by": data.get("unit") or "cou",
            "unit": data.pop("unit", ""),
            "application": data.pop("application", ""),
            "task": None,
            "data": data,
        }
        for seq, (event, data) in enumerate(rows(one, other), start=1)
    ]
    found = judge.verdict(log, {"complete": False, "ordered": False}).violations
    return not [violation for violation in found if violation.rule == "overlap"]


@pytest.mark.parametrize("one", CHARMS)
def test_planner_and_judge_agree_on_every_pair(one):
    others = [other for other in CHARMS if other > one and charms.find(other)]
    if charms.find(one):
        planner = [other for other in others if overlaps.may(one, other)]
        assert planner == [other for other in others if allowed(one, other)]


def test_every_charm_that_is_recognised_is_compared():
    no_upgrade = CharmKind.UNSUPPORTED, CharmKind.NAME_ACCIDENT
    known = {name for name, charm in charms.charms().items() if charm.kind not in no_upgrade}
    assert known == {*CHARMS, charms.NOVA_COMPUTE}
    assert any(overlaps.may(*pair) for pair in itertools.combinations(CHARMS, 2))
