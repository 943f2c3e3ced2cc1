"""All that a run may need, imported and read before its first step."""

from __future__ import annotations

import importlib
import pkgutil

import cou

from ..openstack import preload


def load() -> None:
    """Import all that a run may need: a refresh of the charm replaces the files underneath."""
    for module in pkgutil.walk_packages(cou.__path__, "cou."):
        if not module.name.startswith("cou.cli"):
            importlib.import_module(module.name)
    importlib.import_module("juju.client.connection")
    preload.load()
