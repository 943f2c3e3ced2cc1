#!/usr/bin/env python3
"""Rewrite a packed charm so that the same commit gives the same bytes, wherever it is packed.

    same_bytes.py <packed charm> <seconds since 1970> <new charm>

Times, the order of files and the places where they were built go; contents and modes stay. Needs
nothing but Python, since it runs on the system's own.
"""

from __future__ import annotations

import datetime
import pathlib
import re
import sys
import zipfile


def main(source: str, seconds: str, target: str) -> None:
    """Write `target`; every file in it has the time given."""
    when = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    part = pathlib.Path(f"{target}.part")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(part, "w") as new:
        for entry in sorted(old.infolist(), key=lambda one: one.filename):
            copy = zipfile.ZipInfo(entry.filename, when.timetuple()[:6])
            copy.external_attr = _mode(entry.external_attr >> 16) << 16
            copy.compress_type = zipfile.ZIP_DEFLATED
            copy.create_system = 3  # Unix: else nobody reads the modes
            new.writestr(copy, cleaned(entry.filename, old.read(entry), when))
    part.replace(target)


def _mode(mode: int) -> int:
    """Return a file's mode without what the umask of who packed it left."""
    return 0o100755 if mode & 0o100 else 0o100644


def cleaned(name: str, content: bytes, when: datetime.datetime) -> bytes:
    """Return a file's content without when and where it was made."""
    if name == "manifest.yaml":
        started = f"charmcraft-started-at: '{when:%Y-%m-%dT%H:%M:%S}.000000'"
        return re.sub(rb"(?m)^charmcraft-started-at: .*$", started.encode(), content)
    if name == "venv/pyvenv.cfg":
        return re.sub(rb"(?m)^command = .*\n", b"", content)
    if name.endswith(".dist-info/RECORD"):
        # charmcraft leaves out the scripts, whose first line names the place.
        return re.sub(rb"(?m)^(\.\./)+bin/.*\n", b"", content)
    return content


if __name__ == "__main__":
    main(*sys.argv[1:])
