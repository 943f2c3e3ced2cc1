"""The charms to try: `make test-packed` packs them and names them in the environment."""

from __future__ import annotations

import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator

import pytest

from ..systemd.machine import Machine
from ..systemd.site import Site


def named(variable: str) -> pathlib.Path:
    """Return the packed charm that a variable of the environment names.

    Nothing is skipped: who runs these tests without a charm is told so.
    """
    assert os.environ.get(variable), f"{variable} names no packed charm: run make test-packed"
    charm = pathlib.Path(os.environ[variable]).resolve()
    assert charm.suffix == ".charm", charm
    return charm


@pytest.fixture(scope="session")
def this_build() -> pathlib.Path:
    return named("CHARM")


@pytest.fixture(scope="session")
def build_before() -> pathlib.Path:
    return named("CHARM_BEFORE")


@pytest.fixture
def deployed() -> Iterator[Callable[[pathlib.Path], Site]]:
    """Make a site with the charm given, in a machine of its own."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cou-packed-"))
    sites: list[Site] = []

    def deploy(charm: pathlib.Path) -> Site:
        sites.append(Site(Machine(folder / "site"), charm))
        sites[-1].start()
        return sites[-1]

    try:
        yield deploy
    finally:
        for site in sites:
            site.stop()
        shutil.rmtree(folder)
