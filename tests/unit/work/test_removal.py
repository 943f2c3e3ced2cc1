"""What of a model's status shows that a unit was removed, and what does not."""

from __future__ import annotations

import dataclasses

import pytest
from cou.juju.port import ApplicationStatus, ModelStatus, Status, UnitStatus
from cou.work import unit_removed

from ..fakes import NOW

UUID, UNIT = "2a42283f-1202-4ef2-8ae4-e68417f14df9", "cou/0"
IDLE = Status("active", "", NOW, {})


def unit(name, life=""):
    return UnitStatus(name, name.partition("/")[0], "0", IDLE, IDLE, life=life)


def application(*units, life=""):
    return ApplicationStatus(
        name="cou",
        charm_url="ch:amd64/jammy/cou-1",
        charm="cou",
        scheme="ch",
        revision=1,
        channel="latest/stable",
        can_upgrade_to="",
        base="ubuntu@22.04",
        series="jammy",
        subordinate_to=(),
        status=IDLE,
        workload_version="",
        units={one.name: one for one in units},
        life=life,
    )


def model(*applications, uuid=UUID):
    return ModelStatus("openstack", uuid, "3.6.0", NOW, {a.name: a for a in applications}, {})


OTHER = dataclasses.replace(application(unit("cou-2/0")), name="cou-2")


@pytest.mark.parametrize(
    ("status", "gone"),
    [
        (model(application(unit(UNIT))), False),
        (model(application(unit(UNIT), life="alive")), False),  # as Juju 4 says it
        (model(application(unit(UNIT, life="alive"))), False),
        (model(application(unit(UNIT), unit("cou/1", life="dying"))), False),
        (model(application(unit(UNIT), life="unheard-of")), False),
        (model(application(unit(UNIT, life="dying"))), True),
        (model(application(unit(UNIT, life="dead"))), True),
        (model(application(unit(UNIT), life="dying")), True),
        (model(application(unit("cou/1"))), True),
        (model(application(unit("cou/00"))), True),
        (model(application()), True),
        (model(OTHER), True),
        (model(), True),
        (model(uuid="another"), False),
        (model(application(unit(UNIT, life="dying")), uuid="another"), False),
    ],
)
def test_gone_is_a_unit_of_this_model_that_is_not_there_or_is_to_go(status, gone):
    assert unit_removed.is_gone(status, UUID, UNIT) is gone
