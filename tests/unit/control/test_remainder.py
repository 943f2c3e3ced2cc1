"""Whatever is given while a run is unfinished takes effect or is refused by its name."""

from __future__ import annotations

import dataclasses

import pytest
from cou.checks.problem_codes import problem
from cou.control import remainder
from cou.errors import BadInput
from cou.journal.records import RunState
from cou.options.charm_config import NUMBERS, TEXTS
from cou.options.charm_config import options as options_of
from cou.options.options import Options
from cou.options.settings import Settings

from ..show.test_status_text import view

# Each option with two values, neither of them always the default.
VALUES = {
    "group": ("all", "hypervisors"),
    "machines": ([], ["1"]),
    "availability-zones": ([], ["az1"]),
    "skip-apps": ([], ["glance"]),
    "non-empty-hypervisors": ("skip", "upgrade"),
    "backup": (True, False),
    "archive": (True, False),
    "archive-batch-size": (1000, 2000),
    "purge": (False, True),
    "purge-before": ("2025-01-01", "2024-01-01"),
    "set-noout": (False, True),
    "strategy": ("all-in-one", "rolling"),
    "max-parallel": (1, 4),
    "accept": ([], ["paused-unit:keystone/0"]),
}
BESIDE = {
    "machines": {"group": "hypervisors"},
    "availability-zones": {"group": "hypervisors"},
    "purge-before": {"purge": True},
}
# What may be changed, and from which value to which.
TAKES_EFFECT = [
    ("skip-apps", [], ["glance"]),
    ("accept", [], ["paused-unit:keystone/0"]),
    ("max-parallel", 1, 4),
    ("max-parallel", 4, 1),
]


def run_with(**stored):
    seen = view(RunState.STOPPED)
    plan = dataclasses.replace(seen.plan, options=Options.from_dict(stored))
    return dataclasses.replace(seen, plan=plan, settings=dataclasses.asdict(Settings()))


def test_every_option_there_is_is_tried():
    assert set(VALUES) == set(Options().to_dict())


@pytest.mark.parametrize(
    ("name", "was", "now"),
    [
        (name, *pair)
        for name, (one, other) in VALUES.items()
        for pair in ((one, other), (other, one))
    ],
)
def test_an_option_that_is_given_takes_effect_or_is_refused_by_its_name(name, was, now):
    beside = BESIDE.get(name, {})
    seen = run_with(**{**beside, name: was})
    given = options_of({**beside, name: now}, Settings())
    if (name, was, now) in TAKES_EFFECT:
        found = remainder.replan(seen, given, Settings())
        assert found.options.to_dict()[name] == given.to_dict()[name]
    else:
        with pytest.raises(BadInput) as refusal:
            remainder.replan(seen, given, Settings())
        assert refusal.value.code == "run-unfinished"
        assert f"; {name} cannot be changed." in refusal.value.seen


@pytest.mark.parametrize("name", VALUES)
def test_what_is_so_already_or_not_given_changes_nothing(name):
    for value in VALUES[name]:
        stored = {**BESIDE.get(name, {}), name: value}
        seen = run_with(**stored)
        for raw in (stored, {}):
            given = options_of(raw, Settings(max_parallel=9))
            assert remainder.replan(seen, given, Settings()) is seen.plan


def test_a_charm_whose_max_parallel_has_changed_changes_no_run():
    seen = run_with(**{"max-parallel": 2})
    given = options_of({}, Settings(max_parallel=4))
    assert remainder.replan(seen, given, Settings(max_parallel=4)) is seen.plan


SETTINGS = {**{name: one[0] for name, one in NUMBERS.items()}, **TEXTS}


@pytest.mark.parametrize("name", sorted(set(SETTINGS) - {"max-parallel"}))
def test_a_setting_that_a_command_line_gives_is_refused_unless_it_is_the_runs(name):
    seen = run_with()
    kept = Settings()
    value = "http://mirror" if name in TEXTS else 77
    other = dataclasses.replace(kept, **{SETTINGS[name]: value})
    with pytest.raises(BadInput, match=f"; {name} cannot be changed"):
        remainder.replan(seen, options_of({}, other, [name]), other)
    assert remainder.replan(seen, options_of({}, kept, [name]), kept) is seen.plan
    # Nobody has given it: it is the charm's, which has changed since.
    assert remainder.replan(seen, options_of({}, other), other) is seen.plan


@pytest.mark.parametrize("stored", ["", "heat"])
def test_an_application_that_the_run_does_not_have_is_refused_with_those_it_has(stored):
    seen = run_with(**{"skip-apps": stored})
    with pytest.raises(BadInput) as refusal:
        remainder.replan(seen, options_of({"skip-apps": "glanec,glance"}, Settings()))
    assert refusal.value.code == "skip-unknown"
    assert "glanec" in refusal.value.seen
    assert "glance, keystone" in refusal.value.remedy
    remainder.replan(seen, options_of({"skip-apps": f"glance,{stored}"}, Settings()))


def test_what_was_left_out_or_not_recognised_may_be_left_out_again():
    seen = run_with(**{"skip-apps": "heat"})
    seen = dataclasses.replace(seen, plan=dataclasses.replace(seen.plan, ignored=("ntp",)))
    found = remainder.replan(seen, options_of({"skip-apps": "heat,ntp"}, Settings()))
    assert found.options.skip_apps == ("heat", "ntp")


def test_what_is_taken_on_and_is_no_problem_of_the_run_is_told():
    seen = run_with()
    paused = problem("paused-unit", "keystone/0", "keystone/0 is paused.", "Resume it.")
    seen = dataclasses.replace(seen, plan=dataclasses.replace(seen.plan, problems=(paused,)))
    taken = "paused-unit:keystone/0"
    given = options_of({"accept": f"{taken},paused-unit:keystone/9"}, Settings())
    found = {one.code: one for one in remainder.replan(seen, given).problems}
    assert found["paused-unit"].accepted
    assert found["accept-unused"].subject == "paused-unit:keystone/9"
    assert len(found) == 2
