"""What was at work at the same time may have been so: the judge's own word for it.

Applications are at work from the first change that the upgrader made to them to the end of the
last hook or task that it caused. Whatever is not allowed here has to go one after the other.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .knowledge import AFTER_HYPERVISORS, HYPERVISOR, ORDER, SUBORDINATES, UNORDERED
from .records import Entry, Expectations, Log, Violation

RULE = "overlap"

_NEVER = (
    {"placement", "nova-cloud-controller"},
    {"designate", "designate-bind"},
    {"aodh", "gnocchi"},
    {"ceilometer", "gnocchi"},
    {"manila", "manila-ganesha"},
    {"manila", "ceph-fs"},
    {"manila-ganesha", "ceph-fs"},
    {"octavia", "barbican"},
    {"heat", "barbican"},
    {"cinder", "barbican"},
    {"glance", "ceph-radosgw"},
    {"gnocchi", "ceph-radosgw"},
    {"octavia", "nova-cloud-controller"},
    {"octavia", "glance"},
    {"masakari", "nova-cloud-controller"},
    {"manila", "nova-cloud-controller"},
    {"manila", "cinder"},
    {"manila", "glance"},
)
# They carry the traffic of instances.
_TRAFFIC = frozenset({"ovn-chassis", "neutron-openvswitch"})
_ALSO = ({"neutron-api", "ceph-osd"},)
# A majority of their units has to be up at any time.
QUORUM = frozenset({"vault", "rabbitmq-server", "ceph-mon", "mysql-innodb-cluster", "ovn-central"})
# Each goes alone: every request to any other needs keystone, the next two carry the traffic of
# instances that no hypervisor does, and the last writes into glance whenever it works.
_ALONE = frozenset(
    {"keystone", "neutron-gateway", "ovn-dedicated-chassis", "glance-simplestreams-sync"}
)
# What is left of the guide's order before the hypervisors: services with an API of their own. Any
# two may be at work at the same time but those of `_NEVER`: one is nothing without the other.
_SIDE_BY_SIDE = frozenset({*ORDER, *UNORDERED}) - QUORUM - _ALONE
_CAUSED = ("config-changed", "upgrade-charm")
_WORK = ("disable", "pause", "openstack-upgrade", "resume", "enable")


@dataclasses.dataclass(frozen=True)
class Span:
    """When somebody was at work: entries from the first to the last."""

    name: str
    first: int
    last: int

    def meets(self, other: Span) -> bool:
        """Whether both were at work at the same time."""
        return self.first < other.last and other.first < self.last


def check(log: Log, expected: Expectations) -> Iterator[Violation]:
    """Yield every pair that was at work at the same time and must not have been."""
    spans = list(at_work(log, expected))
    machines = _machines(log)
    by_host = _by_host(log, machines)
    for one, other in itertools.combinations(spans, 2):
        if one.name == other.name or {one.name, other.name} <= by_host:
            continue  # they take turns on their hosts; `_on_hosts` looks at each of their tasks
        if one.meets(other) and not _may(log, machines, one.name, other.name):
            text = f"{one.name} and {other.name} were upgraded at the same time"
            yield Violation(RULE, text, max(one.first, other.first))
    yield from _members(log, expected)
    yield from _hosts(log, expected, machines)
    yield from _on_hosts(log, expected, by_host)


def at_work(log: Log, expected: Expectations) -> Iterator[Span]:
    """Yield the span of every application that the upgrader changed, one for each of its runs."""
    spans: dict[tuple[str, str], Span] = {}
    run = ""
    for entry in log:
        run = _run(entry, expected) or run
        if not _is_work(entry, expected):
            continue
        if entry.task is not None and log.charm(entry.app) in SUBORDINATES:
            continue  # a cluster's unit that is paused around its principal is no work of its own
        caused = entry.event in ("hook-begun", "hook-ended")
        old = spans.get((run, entry.app))
        if old is None and caused:
            continue  # the first hooks after the deployment
        spans[run, entry.app] = Span(entry.app, old.first if old else entry.seq, entry.seq)
    return iter(spans.values())


def _run(entry: Entry, expected: Expectations) -> str:
    """Return the run that the upgrader's note on the model names, where an entry writes it."""
    if entry.call != "Annotations.Set" or entry.by != expected.by:
        return ""
    notes: Mapping[str, Any] = entry.data.get("annotations") or {}
    found = re.search(r'"run": "([^"]+)"', " ".join(str(note) for note in notes.values()))
    return found.group(1) if found else ""


def _is_work(entry: Entry, expected: Expectations) -> bool:
    if entry.event in ("hook-begun", "hook-ended"):
        return entry.data.get("hook") in _CAUSED
    if entry.by != expected.by:
        return False
    if entry.event in ("config-changed", "charm-changed"):
        return True
    return entry.event in ("task-begun", "task-ended") and _is_task(entry)


def _is_task(entry: Entry) -> bool:
    command = str((entry.data.get("parameters") or {}).get("command", ""))
    return entry.data.get("name") in _WORK or "dist-upgrade" in command


def _may(log: Log, machines: Mapping[str, set[str]], one: str, other: str) -> bool:
    if machines.get(one, set()) & machines.get(other, set()):
        return False
    charms = {log.charm(one), log.charm(other)}
    if charms <= SUBORDINATES:
        return not charms <= _TRAFFIC
    if len(charms) == 1:
        return False
    return charms in _ALSO or (charms <= _SIDE_BY_SIDE and charms not in _NEVER)


def _machines(log: Log) -> dict[str, set[str]]:
    return {
        name: {str(unit.get("machine")) for unit in (row.get("units") or {}).values()}
        for name, row in log.deployed.items()
    }


def _by_host(log: Log, machines: Mapping[str, set[str]]) -> set[str]:
    """Return nova-computes and what is upgraded with them, host by host."""
    hosts: set[str] = set()
    for name, own in machines.items():
        if log.charm(name) == HYPERVISOR:
            hosts |= own
    alone = QUORUM | SUBORDINATES | set(AFTER_HYPERVISORS)
    return {n for n, own in machines.items() if own & hosts and log.charm(n) not in alone}


def _on_hosts(log: Log, expected: Expectations, by_host: set[str]) -> Iterator[Violation]:
    """Units that are upgraded host by host take turns, but on two hosts of one zone."""
    tasks = [
        (unit, span, log.deployed[unit.partition("/")[0]]["units"][unit])
        for unit, span in _tasks(log, expected)
        if unit.partition("/")[0] in by_host
    ]
    for (unit, one, home), (other, two, there) in itertools.combinations(tasks, 2):
        if unit == other or not one.meets(two):
            continue
        apart = home.get("machine") != there.get("machine")
        if not apart or home.get("zone") != there.get("zone"):
            text = f"{unit} and {other} were upgraded at the same time"
            yield Violation(RULE, text, max(one.first, two.first))


def _tasks(log: Log, expected: Expectations) -> Iterator[tuple[str, Span]]:
    """Yield every task that changes a unit, with its unit."""
    begun: dict[int | None, int] = {}
    for entry in log.of("task-begun", "task-ended"):
        if entry.by != expected.by or not _is_task(entry):
            continue
        if entry.event == "task-begun":
            begun[entry.task] = entry.seq
        elif entry.task in begun:
            yield entry.unit, Span(entry.unit, begun[entry.task], entry.seq)


def _members(log: Log, expected: Expectations) -> Iterator[Violation]:
    """No two units of one quorum have a task at the same time."""
    tasks = [
        (unit, span)
        for unit, span in _tasks(log, expected)
        if log.charm(unit.partition("/")[0]) in QUORUM
    ]
    for (unit, one), (other, two) in itertools.combinations(tasks, 2):
        same = unit.partition("/")[0] == other.partition("/")[0]
        if same and unit != other and one.meets(two):
            text = f"{unit} and {other} are of one quorum and were at work at the same time"
            yield Violation(RULE, text, max(one.first, two.first))


def _hosts(
    log: Log, expected: Expectations, machines: Mapping[str, set[str]]
) -> Iterator[Violation]:
    """Hypervisors at work at the same time are in one zone and share no member of a quorum."""
    spans: dict[str, Span] = {}
    zones: dict[str, str] = {}
    for unit, span in _tasks(log, expected):
        name = unit.partition("/")[0]
        if log.charm(name) != HYPERVISOR:
            continue
        row = log.deployed[name]["units"][unit]
        home = str(row.get("machine"))
        zones[home] = str(row.get("zone") or "")
        old = spans.get(home)
        spans[home] = Span(home, old.first if old else span.first, span.last)
    for one, other in itertools.combinations(spans.values(), 2):
        if not one.meets(other):
            continue
        both = {name for name, own in machines.items() if {one.name, other.name} <= own}
        shared = sorted(name for name in both if log.charm(name) in QUORUM)
        if zones[one.name] != zones[other.name] or shared:
            text = f"hypervisors {one.name} and {other.name} were upgraded at the same time"
            why = f", which share {', '.join(shared)}" if shared else ", of different zones"
            yield Violation(RULE, text + why, max(one.first, other.first))
