"""The least charm there is, packed: a shell script that says it is active."""

from __future__ import annotations

import pathlib
import zipfile

METADATA = """\
name: tiny
summary: Does nothing
description: Stands beside another charm, which must leave it alone.
"""
MANIFEST = """\
bases:
- {name: ubuntu, channel: 22.04/stable, architectures: [amd64, arm64]}
"""
DISPATCH = """\
#!/bin/sh
exec status-set active tiny
"""
_MODES = {"metadata.yaml": 0o644, "manifest.yaml": 0o644, "dispatch": 0o755}


def pack(folder: pathlib.Path) -> pathlib.Path:
    """Write ``tiny.charm`` below a folder and return it."""
    file = folder / "tiny.charm"
    texts = {"metadata.yaml": METADATA, "manifest.yaml": MANIFEST, "dispatch": DISPATCH}
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in texts.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100000 | _MODES[name]) << 16
            archive.writestr(entry, text)
    return file
