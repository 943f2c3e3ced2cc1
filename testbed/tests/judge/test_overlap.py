"""What was at work at the same time, and how long nobody served, on doctored logs."""

from __future__ import annotations

import pytest
from juju_testbed import judge
from juju_testbed.judge import downtime


class Book:
    """A log with a second between two entries."""

    def __init__(self, **charms):
        self.rows = []
        self.task = 0
        for name, (charm, machines) in charms.items():
            named = name.replace("_", "-")
            units = {
                f"{named}/{number}": {"machine": machine, "zone": "az1"}
                for number, machine in enumerate(machines.split())
            }
            self.write("deployed", application=named, charm=charm, units=units, config={})

    def write(self, event, unit="", application="", task=None, by="cou", **data):
        at = f"2030-01-01T00:{len(self.rows) // 60:02}:{len(self.rows) % 60:02}.000000+00:00"
        row = {"seq": len(self.rows) + 1, "at": at, "event": event, "by": by, "unit": unit}
        self.rows.append({**row, "application": application, "task": task, "data": data})

    def change(self, application):
        self.write("config-changed", application=application, key="debug", old=0, new=1)

    def hook(self, unit):
        self.write("hook-begun", unit=unit, by=unit, hook="config-changed")
        self.write("hook-ended", unit=unit, by=unit, hook="config-changed", code=0)

    def begin(self, unit, name="pause"):
        self.task += 1
        self.write("task-begun", unit=unit, task=self.task, name=name, parameters={})
        return self.task

    def end(self, unit, task, name="pause"):
        self.write("task-ended", unit=unit, task=task, name=name, status="completed")

    def broken(self):
        expected = {"complete": False, "ordered": False}
        found = judge.verdict(self.rows, expected).violations
        return [one.text for one in found if one.rule == "overlap"]


def interleaved(one, other):
    book = Book(one=one, other=other)
    book.change("one")
    book.change("other")
    book.hook("one/0")
    book.hook("other/0")
    return book.broken()


@pytest.mark.parametrize(
    ("one", "other"),
    [("glance", "cinder"), ("mysql-router", "hacluster"), ("neutron-api", "ceph-osd")],
)
def test_what_is_allowed_side_by_side_is_no_violation(one, other):
    assert interleaved((one, "1"), (other, "2")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("keystone", "glance"),
        ("placement", "nova-cloud-controller"),
        ("rabbitmq-server", "vault"),
        ("ceph-mon", "glance"),
        ("cinder", "cinder"),
        ("glance", "mysql-router"),
    ],
)
def test_what_is_not_allowed_side_by_side_is_a_violation(one, other):
    assert interleaved((one, "1"), (other, "2")) == [
        "one and other were upgraded at the same time"
    ]


def test_two_on_one_machine_are_never_side_by_side():
    assert interleaved(("glance", "1"), ("cinder", "1"))


def test_one_after_the_other_is_always_allowed():
    book = Book(one=("keystone", "1"), other=("vault", "2"))
    for name in ("one", "other"):
        book.change(name)
        book.hook(f"{name}/0")
    assert book.broken() == []


def test_what_two_runs_do_is_not_at_the_same_time():
    book = Book(one=("keystone", "1"), other=("vault", "2"))
    for run in ("first", "second"):
        note = {"cou-run": f'{{"run": "{run}", "state": "running"}}'}
        book.write("asked", call="Annotations.Set", annotations=note)
        for name in ("one", "other"):
            book.change(name)
            book.hook(f"{name}/0")
    assert book.broken() == []


def test_two_members_of_a_quorum_are_never_at_work_together():
    book = Book(mon=("ceph-mon", "1 2"))
    one, other = book.begin("mon/0"), book.begin("mon/1")
    book.end("mon/0", one)
    book.end("mon/1", other)
    assert book.broken() == ["mon/0 and mon/1 are of one quorum and were at work at the same time"]


def hosts(**more):
    book = Book(nova=("nova-compute", "1 2"), **more)
    one, other = book.begin("nova/0"), book.begin("nova/1")
    book.end("nova/0", one)
    book.end("nova/1", other)
    return book


def test_hosts_of_one_zone_may_be_at_work_together():
    assert hosts().broken() == []


def test_hosts_of_two_zones_may_not():
    book = hosts()
    book.rows[0]["data"]["units"]["nova/1"]["zone"] = "az2"
    assert "of different zones" in book.broken()[0]


def test_hosts_that_carry_members_of_one_quorum_may_not():
    assert "which share mon" in hosts(mon=("ceph-mon", "1 2")).broken()[0]


def test_what_is_beside_a_hypervisor_takes_turns_with_it_host_by_host():
    book = Book(nova=("nova-compute", "1 2"), glance=("glance", "1 2"))
    for name in ("nova", "glance"):
        book.change(name)
        book.hook(f"{name}/0")
    for unit in ("glance/0", "nova/0", "glance/1", "nova/1"):
        book.end(unit, book.begin(unit))
    assert book.broken() == []


def test_what_is_on_one_host_is_never_at_work_together():
    book = Book(nova=("nova-compute", "1 2"), glance=("glance", "1 2"))
    one, other = book.begin("nova/0"), book.begin("glance/0")
    book.end("nova/0", one)
    book.end("glance/0", other)
    assert book.broken() == ["nova/0 and glance/0 were upgraded at the same time"]


def test_time_without_service_counts_only_while_no_unit_serves():
    book = Book(glance=("glance", "1 2"))
    for unit, up in (("glance/0", False), ("glance/1", False), ("glance/0", True)):
        book.write("service", unit=unit, application="glance", by=unit, up=up)
    assert downtime.without_service(judge.Log(book.rows)) == {"glance": 1.0}


def test_one_after_the_other_there_is_always_a_unit_that_serves():
    book = Book(glance=("glance", "1 2"))
    for unit in ("glance/0", "glance/1"):
        for up in (False, True):
            book.write("service", unit=unit, application="glance", by=unit, up=up)
    assert downtime.without_service(judge.Log(book.rows)) == {}
