"""Which bundle is shown, and what has to be rewritten for a Juju of today."""

from __future__ import annotations

import pathlib

import yaml
from juju_testbed.charms import bundle


def prepare(cloud: str, folder: pathlib.Path) -> tuple[pathlib.Path, list[str]]:
    """Return the bundle or snapshot to deploy, and a line for each application that was rewritten.

    Charm Store addresses are refused by Juju 3; Charmhub's latest/stable is what they were moved
    to, and the crossgrade from there still exists.

    Raises:
        bundle.BundleError: it is no bundle.
        OSError: it cannot be read.
    """
    if not cloud:
        return _with_a_sealing_vault(bundle.DEMO, folder), []
    path = pathlib.Path(cloud)
    if path.suffix == ".json":  # a snapshot of a model; the testbed deploys it by itself
        return path.resolve(), []
    data, rewritten = bundle.rewrite_charm_store(path.read_text(encoding="utf-8"))
    if not rewritten:
        return path.resolve(), []
    copy = folder / path.name
    copy.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return copy, rewritten


def _with_a_sealing_vault(path: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Copy the demo's bundle, with a vault that waits for its operator after its refresh."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["testbed"]["seal-on-refresh"] = True
    copy = folder / path.name
    copy.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return copy
