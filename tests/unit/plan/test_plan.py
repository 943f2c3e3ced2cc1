"""A plan that is read back is the plan that was written, or it is refused."""

from __future__ import annotations

import copy
import json

import pytest
from cou.errors import BadInput
from cou.plan.plan import Plan, canonical

from ..fakes import example
from .helpers import plan_of


@pytest.fixture(scope="module")
def written():
    return json.loads(canonical(plan_of(example()).to_dict()))


def test_a_plan_survives_its_text(written):
    assert Plan.from_dict(written).to_dict() == written


def test_its_text_does_not_depend_on_the_order_of_keys():
    assert (
        canonical({"b": 1, "a": "é"}) == canonical({"a": "é", "b": 1}) == r'{"a":"\u00e9","b":1}'
    )


def test_the_hash_names_what_would_be_done_and_nothing_else(written):
    plan = Plan.from_dict(written)
    assert plan.hash[0] == "p"
    assert len(plan.hash) == 16
    renamed = Plan.from_dict({**written, "model": "other", "problems": []})
    assert renamed.hash == plan.hash


def test_a_plan_of_another_schema_is_refused(written):
    with pytest.raises(BadInput) as refused:
        Plan.from_dict({**written, "schema": 2})
    assert refused.value.code == "plan-schema"
    assert "schema 2" in refused.value.seen
    assert refused.value.remedy


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("title"),
        lambda data: data.pop("hash"),
        lambda data: data["steps"].pop(),
        lambda data: data["steps"][0].update(kind="unheard-of"),
        lambda data: data.update(problems=7),
        lambda data: data.update(to="wallaby"),
    ],
)
def test_a_damaged_plan_is_refused(written, damage):
    data = copy.deepcopy(written)
    damage(data)
    with pytest.raises(BadInput) as refused:
        Plan.from_dict(data)
    assert refused.value.code == "plan-damaged"
