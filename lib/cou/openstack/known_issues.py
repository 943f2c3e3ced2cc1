"""Known issues of charms, to be shown at the step that they hit.

They are warnings for the operator, never a reason to stop.
"""

from __future__ import annotations

import dataclasses
import enum
import functools

from . import releases, tables
from .releases import Release

_FILE = "known-issues.csv"
_COLUMNS = ("charms", "from", "to", "hits", "text", "reference")


class Hits(enum.Enum):
    """The kind of change at which an issue shows."""

    APPLICATION = "application"  # the upgrade as a whole
    CHANNEL = "channel"  # the move to the target's channel
    REFRESH = "refresh"  # any refresh of the charm, also within its channel
    ORIGIN = "origin"
    VERIFY = "verify"
    RESUME = "resume"


@dataclasses.dataclass(frozen=True)
class KnownIssue:
    """One issue.

    Attributes:
        charms: names of charms it concerns.
        origin: release one comes from; None for any.
        target: release one goes to; None for any.
        hits: the change at which it shows.
        text: what happens and what helps, one sentence or two.
        reference: where it is described.
    """

    charms: tuple[str, ...]
    origin: Release | None
    target: Release | None
    hits: Hits
    text: str
    reference: str


@functools.cache
def issues() -> tuple[KnownIssue, ...]:
    """Return all known issues in the order of the file."""
    found: list[KnownIssue] = []
    for row in tables.rows(_FILE, _COLUMNS):
        try:
            found.append(
                KnownIssue(
                    charms=tuple(row["charms"].split()),
                    origin=releases.get(row["from"]) if row["from"] else None,
                    target=releases.get(row["to"]) if row["to"] else None,
                    hits=Hits(row["hits"]),
                    text=row["text"],
                    reference=row["reference"],
                )
            )
        except (KeyError, ValueError) as error:
            raise tables.DataError(_FILE, f"the row {row} cannot be read: {error}") from error
    return tuple(found)


def of(charm: str, target: Release, *hits: Hits) -> tuple[KnownIssue, ...]:
    """Return what is known of a charm's upgrade to a release at some kinds of change."""
    return tuple(
        issue
        for issue in issues()
        if charm in issue.charms
        and issue.hits in hits
        and issue.target in (None, target)
        and issue.origin in (None, releases.before(target))
    )


def note(charm: str, target: Release, *hits: Hits) -> str:
    """Return the issues as text that ends a step's reason; empty where there are none."""
    return "".join(
        f" Known issue ({issue.reference}): {issue.text}" for issue in of(charm, target, *hits)
    )
