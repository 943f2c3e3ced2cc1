"""The model as FullStatus and StatusHistory show it."""

from __future__ import annotations

import asyncio
import copy
import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cou.errors import JujuError
from cou.juju.client import Client
from cou.juju.port import HistoryEntry, ModelStatus, Status

from .controller import ZERO, Controller
from .inprocess import UUID, InProcess, ask

UTC = datetime.timezone.utc


def detailed(status: str, info: str = "", since: str | None = None) -> dict[str, Any]:
    return {"status": status, "info": info, "since": since, "data": None, "kind": "", "life": ""}


FULL: dict[str, Any] = {
    "model": {"name": "openstack", "version": "3.6.8", "cloud-tag": "cloud-maas"},
    "controller-timestamp": "2026-03-01T10:00:00.123456789Z",
    "machines": {
        "0": {
            "id": "0",
            "hardware": "arch=amd64 cores=8 availability-zone='zone one'",
            "agent-status": detailed("started"),
            "instance-status": detailed("running", "Deployed"),
            "containers": {"0/lxd/1": {"id": "0/lxd/1", "hardware": "arch=amd64"}},
        },
        "1": {"id": "1", "hardware": "availability-zone=it's", "containers": None},
    },
    "applications": {
        "keystone": {
            "charm": "ch:amd64/focal/keystone-572",
            "charm-channel": "ussuri/stable",
            "base": {"name": "ubuntu", "channel": "20.04/stable"},
            "can-upgrade-to": "ch:amd64/focal/keystone-580",
            "subordinate-to": [],
            "status": detailed("active", "Unit is ready", "2026-03-01T09:00:00Z"),
            "workload-version": "17.0.1",
            "relations": {"ha": ["keystone-hacluster"], "shared-db": ["keystone-mysql-router"]},
            "units": {
                "keystone/0": {
                    "agent-status": detailed("idle", "", "2026-03-01T09:00:00.5Z"),
                    "workload-status": detailed("active", "Unit is ready"),
                    "workload-version": "17.0.1",
                    "machine": "0/lxd/1",
                    "public-address": "10.0.0.4",
                    "charm": "ch:amd64/focal/keystone-500",
                    "leader": True,
                    "subordinates": {
                        "keystone-hacluster/3": {
                            "agent-status": detailed("idle", "", ZERO),
                            "workload-status": detailed("blocked", "no quorum"),
                            "machine": "",
                        }
                    },
                }
            },
        },
        "keystone-hacluster": {
            "charm": "cs:~openstack-charmers/hacluster-81",
            "charm-channel": "stable",
            "series": "focal",
            "base": None,
            "subordinate-to": ["keystone"],
            "status": detailed("blocked"),
            "units": None,
            "relations": None,
        },
        "cou": {"charm": "local:jammy/cou-0", "charm-channel": "stable", "units": {}},
    },
}


def controller(**changes: Any) -> Controller:
    made = Controller()
    made.status = copy.deepcopy(FULL) | changes
    return made


def test_the_model_is_told_with_the_clock_that_its_times_compare_with():
    model = ask(controller(), lambda juju: juju.full_status())
    assert (model.name, model.uuid, model.version) == ("openstack", UUID, "3.6.8")
    assert model.controller_time == datetime.datetime(2026, 3, 1, 10, 0, 0, 123456, UTC)


def test_an_application_tells_its_charm_channel_and_base():
    keystone = ask(controller(), lambda juju: juju.full_status()).applications["keystone"]
    assert (keystone.charm, keystone.scheme, keystone.revision) == ("keystone", "ch", 572)
    assert (keystone.channel, keystone.base, keystone.series) == (
        "ussuri/stable",
        "ubuntu@20.04",
        "focal",
    )
    assert keystone.can_upgrade_to == "ch:amd64/focal/keystone-580"
    assert keystone.subordinate_to == ()
    assert keystone.relations["ha"] == ("keystone-hacluster",)
    assert keystone.status == Status(
        "active", "Unit is ready", datetime.datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    )


def test_charms_of_the_old_store_and_local_ones_are_told_apart():
    found = ask(controller(), lambda juju: juju.full_status()).applications
    old, local = found["keystone-hacluster"], found["cou"]
    assert (old.charm, old.scheme, old.revision, old.series) == ("hacluster", "cs", 81, "focal")
    assert (local.charm, local.scheme, local.channel) == ("cou", "local", "")


def test_a_unit_tells_where_it_is_and_how():
    unit = (
        ask(controller(), lambda juju: juju.full_status())
        .applications["keystone"]
        .units["keystone/0"]
    )
    assert (unit.application, unit.machine, unit.principal) == ("keystone", "0/lxd/1", "")
    assert (unit.agent.current, unit.workload.current) == ("idle", "active")
    assert unit.leader
    assert unit.charm_url == "ch:amd64/focal/keystone-500"


def test_a_subordinate_unit_belongs_to_its_own_application_and_its_principals_machine():
    found = ask(controller(), lambda juju: juju.full_status()).applications
    unit = found["keystone-hacluster"].units["keystone-hacluster/3"]
    assert (unit.principal, unit.machine) == ("keystone/0", "0/lxd/1")
    assert unit.agent.since is None


def test_a_container_is_in_the_zone_of_its_host():
    machines = ask(controller(), lambda juju: juju.full_status()).machines
    assert machines["0"].zone == "zone one"
    assert machines["0/lxd/1"].zone == "zone one"
    assert machines["1"].zone == "it's"


def _each_changed(part: dict[str, Any], whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the whole with one text, flag or object of a part changed or away, one by one."""
    for key, before in list(part.items()):
        if isinstance(before, dict):
            yield from _each_changed(before, whole)
        for after in ("9", None, not before):
            part[key] = after
            yield copy.deepcopy(whole)
        part[key] = before


def _told(answer: ModelStatus | BaseException) -> Any:
    return (answer.code, answer.seen) if isinstance(answer, JujuError) else answer


async def test_whatever_changes_between_two_looks_is_seen_as_by_a_client_that_never_looked():
    made = controller()

    used = Client(InProcess(made), pauses_s=())
    first = made.status
    whole = copy.deepcopy(first)
    for changed in _each_changed(whole, whole):
        made.status = first
        await used.full_status()
        made.status = changed
        looks = [used.full_status(), Client(InProcess(made), pauses_s=()).full_status()]
        seen, fresh = await asyncio.gather(*looks, return_exceptions=True)
        assert _told(seen) == _told(fresh)


def test_only_the_applications_asked_for_are_shown():
    made = controller()
    model = ask(made, lambda juju: juju.full_status(["keystone-hacluster"]))
    assert list(model.applications) == ["keystone-hacluster"]
    assert list(model.applications["keystone-hacluster"].units) == ["keystone-hacluster/3"]
    assert made.asked("Client.FullStatus") == [{"patterns": ["keystone-hacluster"]}]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"controller-timestamp": "noon"}, "controller-timestamp"),
        ({"controller-timestamp": None}, "controller-timestamp"),
        ({"applications": ["keystone"]}, "applications"),
        (
            {"applications": {"keystone": {"units": {"keystone": {}}}}},
            "applications.keystone.units.keystone",
        ),
        (
            {"applications": {"keystone": {"status": {"since": 12}}}},
            "applications.keystone.status.since",
        ),
        ({"machines": {"0": {"hardware": 8}}}, "machines.0.hardware"),
    ],
)
def test_a_status_of_another_form_is_an_error_that_names_the_field(
    changes: dict[str, Any], field: str
):
    with pytest.raises(JujuError) as caught:
        ask(controller(**changes), lambda juju: juju.full_status())
    assert caught.value.code == "bad-reply"
    assert f"Client.FullStatus: {field} is not" in caught.value.seen
    assert caught.value.sent is False


@pytest.mark.parametrize(
    "name", ["a; reboot", "$(reboot)", "-a", "A", "a-1", "a b", "\x1b[2J", "é", ""]
)
def test_what_is_no_name_in_juju_never_gets_further(name):
    """Names stand in the commands that an operator is told to type."""
    for before, after in (("keystone", name), ("keystone/0", f"{name}/0"), ("0", name)):
        odd = json.loads(json.dumps(FULL).replace(json.dumps(before), json.dumps(after)))
        with pytest.raises(JujuError) as caught:
            ask(controller(**odd), lambda client: client.full_status())
        assert caught.value.code == "bad-reply"


def test_history_is_read_for_all_units_in_one_call():
    made = Controller()
    made.history["unit-keystone-0"] = [
        detailed("executing", "running config-changed hook", "2026-03-01T10:00:01.9Z"),
        detailed("idle", "", "2026-03-01T10:00:02Z"),
    ]
    since = datetime.datetime(
        2026, 3, 1, 12, 0, 0, 5, datetime.timezone(datetime.timedelta(0, 7200))
    )
    found = ask(made, lambda juju: juju.status_history(["keystone/0", "gone/0"], since))
    assert found["keystone/0"][0] == HistoryEntry(
        "executing",
        "running config-changed hook",
        datetime.datetime(2026, 3, 1, 10, 0, 1, 900000, UTC),
    )
    assert found["gone/0"] == ()
    (asked,) = made.asked("Client.StatusHistory")
    assert [request["tag"] for request in asked["requests"]] == ["unit-keystone-0", "unit-gone-0"]
    assert asked["requests"][0]["filter"] == {"date": "2026-03-01T10:00:00.000005Z"}
    assert asked["requests"][0]["historyKind"] == "juju-unit"


def test_no_units_ask_nothing():
    made = Controller()
    assert ask(made, lambda juju: juju.status_history([], datetime.datetime.now(UTC))) == {}
    assert made.calls == []
