"""The verdict on a log: what was broken, and a few facts beside it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from . import cancelled, downtime, leftovers, once, order, overlap, target
from .records import Expectations, Log, Violation

_CHECKS = (once.check, cancelled.check, order.check, overlap.check, leftovers.check, target.check)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What was found; good if nothing is violated."""

    violations: tuple[Violation, ...]
    facts: Mapping[str, Any]

    @property
    def good(self) -> bool:
        """Whether every rule was kept."""
        return not self.violations


def verdict(
    entries: Log | Iterable[Mapping[str, Any]],
    expectations: Expectations | Mapping[str, Any] | None = None,
) -> Verdict:
    """Judge a log.

    Args:
        entries: the log, or its entries as JSON objects.
        expectations: what the run was meant to be; see `Expectations`.

    Raises:
        BadLog: an entry, or an expectation, is not of its form.
    """
    log = entries if isinstance(entries, Log) else Log(entries)
    if expectations is None:
        expected = Expectations()
    elif isinstance(expectations, Expectations):
        expected = expectations
    else:
        expected = Expectations.of(expectations)
    found = [violation for check in _CHECKS for violation in check(log, expected)]
    return Verdict(tuple(found), _facts(log, expected))


def _facts(log: Log, expected: Expectations) -> dict[str, Any]:
    asked = [e for e in log.of("asked") if e.by == expected.by]
    calls = collections.Counter(entry.call for entry in asked)
    applications = {e.app for e in log.of("deployed")}
    facts: dict[str, Any] = {
        "entries": len(log),
        "first": log[0].at if len(log) else "",
        "last": log[-1].at if len(log) else "",
        "applications": len(applications),
        "asked": dict(sorted(calls.items())),
        "units-upgraded": len({e.unit for e in log.of("workload-upgraded")}),
        "without-service-s": {
            name: round(seconds, 1) for name, seconds in downtime.without_service(log).items()
        },
        "cancels-acknowledged": cancelled.acknowledgements(log, expected),
    }
    if expected.target and log.final is not None:
        facts["at-target"] = target.at_target(log, expected)
    return facts
