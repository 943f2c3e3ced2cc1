"""Packed charms: the ``.charm`` files that `charmcraft pack` makes, which are zip archives."""

from __future__ import annotations

import pathlib
import stat
import zipfile

from .archive import BadCharm


def unpack(file: pathlib.Path, to: pathlib.Path) -> None:
    """Unpack a charm with its modes and links, all of it below a folder that is not there yet.

    Raises:
        BadCharm: it is no zip archive, or would write elsewhere.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            for entry in entries:
                path = pathlib.PurePosixPath(entry.filename)
                if path.is_absolute() or ".." in path.parts:
                    raise BadCharm(f"{file.name} holds {entry.filename!r}, which lies outside")
            to.mkdir(parents=True)
            # Links last: nothing is ever written through one.
            for entry in sorted(entries, key=_is_link):
                _extract(archive, entry, to / entry.filename)
    except zipfile.BadZipFile as error:
        raise BadCharm(f"no charm was found at {str(file)!r}: {error}") from error


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: pathlib.Path) -> None:
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    content = archive.read(entry)
    if _is_link(entry):
        if target.exists():
            raise BadCharm(f"{entry.filename!r} stands twice in the charm")
        target.symlink_to(content.decode())
        return
    target.write_bytes(content)
    mode = stat.S_IMODE(entry.external_attr >> 16)
    target.chmod(mode or 0o644)
