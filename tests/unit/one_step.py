"""The smallest run there is."""

from __future__ import annotations

from cou.journal.records import Limit
from cou.kinds import Kind
from cou.options.options import Options
from cou.plan.plan import Plan, canonical
from cou.plan.step import Step

from tests.planned_steps import planned_step

ROOT = Step("upgrade", Kind.GROUP, "Upgrade", steps=(planned_step("a", Kind.REFRESH, "Do a"),))
PLAN = Plan("openstack", "uuid", "ussuri", "victoria", Options(), (), (), ROOT)


def begin(journal):
    """Write down a run of one step that has just begun; return its attempt."""
    return journal.create_run(canonical(PLAN.to_dict()), {}, ["a"], Limit())
