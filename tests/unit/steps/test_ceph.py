"""Steps on Ceph: noout, and require-osd-release."""

from __future__ import annotations

import pytest
from cou.errors import StepFailed
from cou.kinds import Kind
from cou.steps.context import StepEnd

from ..fakes import example
from .bench import Bench, ceph_versions, osd_dump

MON = "ceph-mon/0"


def bench(dump=None, versions=None):
    made = Bench(example())
    made.prints("ceph osd dump", dump or osd_dump())
    made.prints("ceph versions", versions or ceph_versions("pacific"))
    return made


def noout(made, *, wanted):
    return made.run(Kind.SET_NOOUT, MON, noout=wanted)


def test_noout_is_set_and_unset():
    made = bench()
    assert noout(made, wanted=True).end is StepEnd.DONE
    assert made.marks == {"noout:ceph-mon": {"unit": MON}}
    assert noout(made, wanted=False).end is StepEnd.DONE
    assert made.marks == {}
    assert made.done == [(MON, "set-noout"), (MON, "unset-noout")]


def test_noout_that_was_set_before_stays_set():
    made = bench(osd_dump(flags=["noout", "sortbitwise"]))
    assert noout(made, wanted=True).end is StepEnd.SATISFIED
    assert noout(made, wanted=False).end is StepEnd.SATISFIED
    assert made.done == []


def test_noout_that_was_intended_before_a_crash_is_set_and_still_ours():
    made = bench(osd_dump(flags=["noout"]))
    made.marks["noout:ceph-mon"] = {"unit": MON}
    assert noout(made, wanted=True).end is StepEnd.DONE
    assert noout(made, wanted=False).end is StepEnd.DONE
    assert made.marks == {}


def align(made):
    return made.run(Kind.REQUIRE_OSD_RELEASE, MON)


def test_the_requirement_is_aligned_with_what_runs():
    made = bench()
    assert align(made).end is StepEnd.DONE
    assert made.done == [(MON, "ceph osd require-osd-release pacific")]


def test_an_aligned_requirement_is_left():
    made = bench(osd_dump("pacific"))
    assert align(made).end is StepEnd.SATISFIED
    assert made.done == []


@pytest.mark.parametrize(
    ("versions", "code"),
    [
        (ceph_versions("octopus", "pacific"), "ceph-mixed-osds"),
        ('{"osd": {}}', "ceph-no-osd"),
        ('{"osd": {"ceph version 99 (abc) zebra (dev)": 3}}', "ceph-unknown"),
        ("no json", "ceph-reply"),
        ("[]", "ceph-reply"),
    ],
)
def test_nothing_is_required_where_it_cannot_be_told(versions, code):
    made = bench(versions=versions)
    with pytest.raises(StepFailed) as failure:
        align(made)
    assert failure.value.code == code
    assert made.done == []
