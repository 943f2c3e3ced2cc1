"""Peer relations of real charms: their ids and what units and leader have written into them.

Relations between two charms are the model's (`Model.relate`) and carry no data here: simulated
charms have none to give, and two real charms related to each other are not supported yet.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

FIRST_ID = 10_000  # far from the model's own counter, so that ids never meet


@dataclasses.dataclass
class Peer:
    """One peer relation; `bags` are by unit name, and by application name for the leader's."""

    id: int
    endpoint: str
    application: str
    bags: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)

    @property
    def reference(self) -> str:
        """How tools name it: ``cluster:10000``."""
        return f"{self.endpoint}:{self.id}"

    def write(self, owner: str, values: Mapping[str, str]) -> bool:
        """Store values, an empty one deletes; tell whether anything changed."""
        bag = self.bags.setdefault(owner, {})
        before = dict(bag)
        for key, value in values.items():
            if value == "":
                bag.pop(key, None)
            else:
                bag[key] = value
        return bag != before


class PeerRelations:
    """All peer relations of a testbed's real charms."""

    def __init__(self) -> None:
        self._peers: dict[tuple[str, str], Peer] = {}

    def ensure(self, application: str, endpoint: str) -> Peer:
        """Return an application's peer relation, made if it is new."""
        key = (application, endpoint)
        if key not in self._peers:
            self._peers[key] = Peer(FIRST_ID + len(self._peers), endpoint, application)
        return self._peers[key]

    def of(self, application: str) -> list[Peer]:
        """Return the peer relations of an application."""
        return [peer for peer in self._peers.values() if peer.application == application]

    def find(self, application: str, number: int) -> Peer | None:
        """Return an application's peer relation by id."""
        return next((peer for peer in self.of(application) if peer.id == number), None)
