"""Charms from a directory: a store of their revisions, and stores in a chain."""

from __future__ import annotations

import pathlib
import tempfile

from ..model.charm import Charm
from ..model.charmurl import parse_url
from ..model.store import NotInStore, Revision, Store
from . import archive
from .host import AgentHost
from .packed import unpack
from .real import RealCharm


class LocalStore:
    """Keeps every revision of a local charm as it was when it was given.

    The controller numbers them 0, 1, 2... per charm name, as Juju does for uploads.
    """

    def __init__(self) -> None:
        self.host: AgentHost | None = None
        self._charms: dict[str, RealCharm] = {}

    def attach(self, host: AgentHost) -> None:
        """Say where the agents are; needed before the first charm is added."""
        self.host = host

    def add(self, directory: pathlib.Path, series: str) -> Revision:
        """Take a charm directory, or a packed charm, as a new revision.

        Raises:
            archive.BadCharm: it is no charm.
        """
        if self.host is None:
            raise RuntimeError("attach the agents first")
        archives = self.host.places.archives
        with tempfile.TemporaryDirectory() as folder:
            if directory.is_file():
                unpack(directory, pathlib.Path(folder) / "charm")
                directory = pathlib.Path(folder) / "charm"
                pack = archive.keep
            else:
                pack = archive.pack
            definition = archive.read_definition(directory)
            number = sum(parse_url(url).name == definition.name for url in self._charms)
            url = f"local:{series}/{definition.name}-{number}"
            packed = archives / f"{definition.name}-{number}"
            pack(directory, packed, self.host.python)
        self._charms[url] = RealCharm(self.host, packed)
        return Revision(url, definition.name, number, "", archive.read_definition(packed))

    def resolve(self, name: str, channel: str, series: str, revision: int | None) -> Revision:
        """Know no charm by name: local ones come by path only.

        Raises:
            NotInStore: always.
        """
        raise NotInStore(f"No charm or bundle with name '{name}'.")

    def behaviour(self, url: str) -> Charm:
        """Return what runs a local charm.

        Raises:
            NotInStore: it was never added.
        """
        if url not in self._charms:
            raise NotInStore(f'charm "{url}" not found')
        return self._charms[url]


class ChainedStore:
    """Asks one store for local charms and another for all others."""

    def __init__(self, local: LocalStore, store: Store):
        self.local = local
        self.store = store

    def resolve(self, name: str, channel: str, series: str, revision: int | None) -> Revision:
        """Find a revision in the store that is not local."""
        return self.store.resolve(name, channel, series, revision)

    def behaviour(self, url: str) -> Charm:
        """Return what runs a charm of this URL."""
        return (self.local if url.startswith("local:") else self.store).behaviour(url)
