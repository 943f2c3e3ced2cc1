"""The simulated Charmhub: channels and revisions of the charms of OpenStack."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Mapping
from typing import Any

from ..model.charm import Charm, Option
from ..model.store import NotInStore, Revision
from . import tables
from .behaviour import OpenStackCharm
from .channels import RISKS, split_channel
from .facts import CharmFacts, catalogue, definition
from .profile import REAL, Profile

_URL = re.compile(r"^ch:(?:[a-z0-9]+/)?(?:[a-z]+/)?(?P<name>[a-z0-9-]+?)(?:-(?P<revision>\d+))?$")

# Each channel has published two revisions; numbers of neighbouring tracks do not touch.
_PER_TRACK = 20
_NEWEST = 7


class OpenStackStore:
    """Channels, revisions, definitions and behaviour of all simulated charms, for one model.

    The same charm, channel and series always give the same revision. ``latest/stable`` exists
    for every charm, as what is left of the Charm Store; its revisions are above or below those
    of the tracks, depending on the charm.

    Args:
        profile: how long the charms take.
    """

    def __init__(self, profile: Profile = REAL):
        self.profile = profile
        self.charm = OpenStackCharm(profile)
        self._extra: dict[str, dict[str, Option]] = {}

    def attach(self, model: Any) -> None:
        """Say which model the charms live in. A store serves one model.

        Raises:
            ValueError: it serves another already.
        """
        self.charm.attach(model)

    def knows(self, name: str) -> bool:
        """Whether a charm of this name is simulated."""
        return name in catalogue()

    def allow_option(self, name: str, key: str, value: Any) -> None:
        """Have a charm declare an option that this catalogue lacks, typed as `value` is."""
        facts = self._facts(name)
        if key in facts.options:
            return
        kinds = {bool: "boolean", int: "int", float: "float"}
        self._extra.setdefault(name, {})[key] = Option(kinds.get(type(value), "string"))

    def resolve(self, name: str, channel: str, series: str, revision: int | None) -> Revision:
        """Find the newest revision of a channel, or the one asked for.

        Raises:
            NotInStore: there is no such charm, channel, base or revision.
        """
        facts = self._facts(name)
        track, risk = split_channel(channel)
        published = self.revisions(name, f"{track}/{risk}", series)
        if not published:
            raise NotInStore(
                f"resolving with preferred channel: selecting releases: charm or bundle not "
                f'found for channel "{channel}", base "{_base_text(series)}"'
            )
        if revision is None or revision < 0:
            return self._revision(facts, published[-1], f"{track}/{risk}", series)
        if revision not in self._all_revisions(facts):
            raise NotInStore(
                f'resolving with preferred channel: No revision {revision} of charm "{name}"'
            )
        return self._revision(facts, revision, f"{track}/{risk}", series)

    def revisions(self, name: str, channel: str, series: str) -> tuple[int, ...]:
        """Return what a channel has published for a series, oldest first; empty if nothing."""
        facts = self._facts(name)
        track, risk = split_channel(channel)
        if not tables.series_known(series) or risk not in RISKS:
            return ()
        if track != "latest" and track not in tables.tracks(facts.track, series):
            return ()
        top = _base_of(facts, track) + _NEWEST + RISKS.index(risk)
        return (top - 4, top)

    def behaviour(self, url: str) -> Charm:
        """Return what runs the charm of a URL.

        Raises:
            NotInStore: it is not of this store.
        """
        if _name(url) not in catalogue():
            raise NotInStore(f'charm "{url}" not found')
        return self.charm

    def _facts(self, name: str) -> CharmFacts:
        facts = catalogue().get(name)
        if facts is None:
            raise NotInStore(f"No charm or bundle with name '{name}'.")
        return facts

    def _revision(self, facts: CharmFacts, number: int, channel: str, series: str) -> Revision:
        extra: Mapping[str, Option] = self._extra.get(facts.name, {})
        return Revision(
            url=f"ch:amd64/{series}/{facts.name}-{number}",
            name=facts.name,
            revision=number,
            channel=channel,
            definition=definition(facts, extra),
        )

    def _all_revisions(self, facts: CharmFacts) -> set[int]:
        numbers: set[int] = set()
        for series in ("focal", "jammy"):
            for track in ("latest", *tables.tracks(facts.track, series)):
                for risk in RISKS:
                    numbers.update(self.revisions(facts.name, f"{track}/{risk}", series))
        return numbers


@functools.lru_cache(maxsize=1 << 12)
def _name(url: str) -> str:
    match = _URL.match(url)
    return match["name"] if match else ""


def _base_of(facts: CharmFacts, track: str) -> int:
    """Return the number below a track's revisions: the same for ever, other for each charm."""
    seed = zlib.crc32(facts.name.encode())
    start = 100 + seed % 400
    every = list(dict.fromkeys(tables.tracks(facts.track, "focal")))
    every += [t for t in tables.tracks(facts.track, "jammy") if t not in every]
    if track == "latest":
        above = seed // 400 % 2
        return start + (len(every) + 1) * _PER_TRACK if above else start - 2 * _PER_TRACK
    return start + every.index(track) * _PER_TRACK


def _base_text(series: str) -> str:
    if tables.series_known(series):
        return f"amd64/ubuntu/{tables.base_version(series)}"
    return f"amd64/{series}"
