"""Things come in the order that the charm guide asks for."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping

from .knowledge import (
    AFTER_HYPERVISORS,
    HYPERVISOR,
    ORIGIN_OPTIONS,
    PRINCIPALS,
    SUBORDINATES,
    rank,
)
from .records import Entry, Expectations, Log, Violation

RULE = "order"
MANAGED = "action-managed-upgrade"


@dataclasses.dataclass(frozen=True)
class _Span:
    """The first and the last change of an application's charm or origin."""

    name: str
    charm: str
    first: int
    last: int
    origin: int  # when its origin changed; 0 if it did not


def check(log: Log, expected: Expectations) -> Iterator[Violation]:
    """Yield every change that came before one that it had to wait for."""
    yield from _all_at_once(log)
    spans = _spans(log, expected)
    if not expected.ordered:
        return
    yield from _subordinates_first(spans)
    beside = _beside_hypervisors(log)
    if not expected.at_once:
        yield from _principals_in_order(spans, beside)
    yield from _control_plane_first(spans, beside, log, expected)
    yield from _after_hypervisors(spans, log, expected)


def _spans(log: Log, expected: Expectations) -> list[_Span]:
    spans: dict[str, _Span] = {}
    for entry in log.of("config-changed", "charm-changed"):
        if entry.by != expected.by:
            continue
        is_origin = entry.data.get("key") in ORIGIN_OPTIONS
        if entry.event == "config-changed" and not is_origin:
            continue
        charm = log.charm(entry.app)
        old = spans.get(entry.app) or _Span(entry.app, charm, entry.seq, entry.seq, 0)
        origin = old.origin or (entry.seq if is_origin else 0)
        spans[entry.app] = dataclasses.replace(old, last=entry.seq, origin=origin)
    return list(spans.values())


def _beside_hypervisors(log: Log) -> set[str]:
    """Return the principals with a unit on a hypervisor's machine: they go along with it."""
    machines: dict[str, set[str]] = {}
    for name, row in log.deployed.items():
        units: Mapping[str, Mapping[str, str]] = row.get("units") or {}
        machines[name] = {str(unit.get("machine")) for unit in units.values()}
    hosts = {m for name in machines if log.charm(name) == HYPERVISOR for m in machines[name]}
    return {
        name
        for name, own in machines.items()
        if own & hosts and log.charm(name) not in (HYPERVISOR, *AFTER_HYPERVISORS)
    }


def _subordinates_first(spans: list[_Span]) -> Iterator[Violation]:
    principals = [s for s in spans if s.charm in PRINCIPALS and s.origin]
    if not principals:
        return
    first = min(principals, key=lambda span: span.origin)
    for span in spans:
        if span.charm in SUBORDINATES and span.last > first.origin:
            text = f"subordinate {span.name} refreshed after {first.name}'s origin changed"
            yield Violation(RULE, text, span.last)


def _principals_in_order(spans: list[_Span], beside: set[str]) -> Iterator[Violation]:
    """Principals follow one another: one is done with before the next begins."""
    line = [s for s in spans if s.charm in PRINCIPALS and s.name not in beside]
    line = [s for s in line if s.charm != HYPERVISOR]
    line.sort(key=lambda span: rank(span.charm, span.name))
    for earlier, later in itertools.pairwise(line):
        if later.first < earlier.last:
            text = f"{later.name} was changed before {earlier.name} was done"
            yield Violation(RULE, text, later.first)


def _hypervisor_work(log: Log, expected: Expectations) -> list[Entry]:
    names = {name for name in log.deployed if log.charm(name) == HYPERVISOR}
    return [
        entry
        for entry in log.of("asked")
        if entry.by == expected.by
        and entry.app in names
        and entry.data.get("name") in ("disable", "pause", "openstack-upgrade")
    ]


def _control_plane_first(
    spans: list[_Span], beside: set[str], log: Log, expected: Expectations
) -> Iterator[Violation]:
    work = _hypervisor_work(log, expected)
    if not work:
        return
    for span in spans:
        control = span.charm in PRINCIPALS and span.charm not in (HYPERVISOR, *AFTER_HYPERVISORS)
        if control and span.name not in beside and span.last > work[0].seq:
            text = f"{span.name} was changed after work on hypervisors had begun"
            yield Violation(RULE, text, span.last)


def _after_hypervisors(
    spans: list[_Span], log: Log, expected: Expectations
) -> Iterator[Violation]:
    """What waits for all hypervisors begins after the last of them runs its new release."""
    work = [e.seq for e in _hypervisor_work(log, expected)]
    names = {name for name in log.deployed if log.charm(name) == HYPERVISOR}
    done = [e.seq for e in log.of("workload-upgraded") if e.app in names]
    last = max([*work, *done], default=0)
    for span in spans:
        if span.charm in AFTER_HYPERVISORS and span.first < last:
            text = f"{span.name} was changed before every hypervisor was done"
            yield Violation(RULE, text, span.first)


def _all_at_once(log: Log) -> Iterator[Violation]:
    """No unit is upgraded because action-managed-upgrade was taken away too early.

    Taken away under a newer origin it upgrades by itself. Taken away before the origin changes, it
    leaves that change to upgrade every unit of an application that was to go one by one.
    """
    left: dict[str, set[str]] = {}  # units still to go, of those that go one by one
    for entry in log.of("config-changed", "workload-upgraded"):
        cause = entry.data.get("cause")
        if entry.data.get("key") == MANAGED:
            if str(entry.data.get("new")).lower() == "true":
                left[entry.app] = set(log.deployed.get(entry.app, {}).get("units") or ())
            elif not left.get(entry.app):
                left.pop(entry.app, None)
        elif cause == MANAGED:
            text = f"{entry.unit} was upgraded by {MANAGED} becoming false"
            yield Violation(RULE, text, entry.seq)
        elif cause == "origin" and entry.app in left:
            text = f"{entry.unit} was upgraded by its origin, {MANAGED} having been taken away"
            yield Violation(RULE, text, entry.seq)
        elif entry.event == "workload-upgraded" and entry.app in left:
            left[entry.app].discard(entry.unit)
