"""Where charms come from: a store of revisions per channel, and what runs them."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from .charm import Charm, CharmDefinition


class NotInStore(Exception):
    """The store has no such charm, channel or base; the text is what Juju would say."""


@dataclasses.dataclass(frozen=True)
class Revision:
    """One revision of a charm as the store gives it.

    Attributes:
        url: ``ch:amd64/focal/keystone-500`` or ``local:focal/cou-0``.
        channel: the channel it was asked for, ``victoria/stable``; empty for a local charm.
    """

    url: str
    name: str
    revision: int
    channel: str
    definition: CharmDefinition


class Store(Protocol):
    """A store of charms; several may be chained, the first that knows a charm answers."""

    def resolve(self, name: str, channel: str, series: str, revision: int | None) -> Revision:
        """Find a revision: the newest of a channel, or exactly the one asked for.

        Raises:
            NotInStore: with the text that the charm store's error would have.
        """
        ...

    def behaviour(self, url: str) -> Charm:
        """Return what runs a charm of this URL; one object may serve many units."""
        ...
