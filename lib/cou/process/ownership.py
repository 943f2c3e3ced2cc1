"""Whether a folder of ours is ours alone: what another user has planted there is never used.

One look at a whole folder does for every file in it. If the folder and the two above it can be
written by us and by root only, nobody else can put anything there afterwards; what lies there
already has to be ours, and must not point elsewhere. Two, as the user's own folder for states may
be another's too: ``$XDG_STATE_HOME``, above that of all models.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pathlib
import pwd
import shlex
import stat

from ..errors import CouError
from ..journal import FILE
from ..journal.open_files import SUFFIXES
from .paths import RunPaths

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class ForeignFile(CouError):
    """Somebody else's, or open to them."""

    def __init__(self, code: str, path: pathlib.Path, seen: str, remedy: str):
        super().__init__(code, seen, remedy)
        self.path = path


def check(paths: RunPaths) -> None:
    """See that the folders of a place and all that lies in them are ours.

    Raises:
        ForeignFile: something there is of another user, or may be changed by one.
    """
    for folder in (paths.home, paths.run_dir):
        check_folder(folder, on_unit=bool(paths.unit))


def check_journal(paths: RunPaths) -> None:
    """See that the journal of a place and the folder in which it lies are ours.

    That is all that a cancel writes to. Whatever lies beside it stops no cancel.

    Raises:
        ForeignFile: as for `check`.
    """
    home = paths.home
    look = _Look(home, on_unit=bool(paths.unit))
    look.check_above()
    for path in (home, home / "reserve", *(home / f"{FILE}{suffix}" for suffix in SUFFIXES)):
        look.check_entry(path)


def check_folder(folder: pathlib.Path, *, on_unit: bool = False) -> None:
    """See that a folder and all in it is ours; one that is not there yet is to be made by us.

    Args:
        on_unit: whether it is that of a unit, where root alone works.

    Raises:
        ForeignFile: as for `check`.
    """
    look = _Look(folder, on_unit=on_unit)
    look.check_above()
    look.check_entry(folder)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            look.check_entry(pathlib.Path(parent, name))


class _Look:
    """One look at a folder; what is found in it is to be moved out of it."""

    def __init__(self, folder: pathlib.Path, *, on_unit: bool):
        self._folder = folder.absolute()
        self._outside = folder.parent
        self._on_unit = on_unit

    def check_above(self) -> None:
        """See that nobody else can put another folder in its place, nor in that of the one above.

        A link on the way to it has to be ours as well, and is followed.
        """
        for path in self._folder.parents:
            found = _look(path)
            if found is not None and stat.S_ISLNK(found.st_mode) and _is_foreign(found):
                raise _link(path)
        above = self._folder.parent
        for folder in dict.fromkeys(
            (above.resolve(), above.resolve().parent, above.parent.resolve())
        ):
            found = _look(folder)
            if found is None:
                continue
            if _is_foreign(found):
                raise self._foreign(folder, found, folder.parent)
            if not found.st_mode & stat.S_ISVTX and _may_others_write(found):
                raise _open(folder)

    def check_entry(self, path: pathlib.Path) -> None:
        found = _look(path)
        if found is None:
            return
        if stat.S_ISLNK(found.st_mode):
            raise _link(path)
        if _is_foreign(found):
            raise self._foreign(path, found, self._outside)
        if stat.S_ISDIR(found.st_mode) and _may_others_write(found):
            raise _open(path)

    def _foreign(
        self, path: pathlib.Path, found: os.stat_result, outside: pathlib.Path
    ) -> ForeignFile:
        owner = str(found.st_uid)
        with contextlib.suppress(KeyError):
            owner = pwd.getpwuid(found.st_uid).pw_name
        away = shlex.join(["sudo", "mv", str(path), f"{outside / path.name}.aside"])
        if self._on_unit:
            seen = f"{path} belongs to the user {owner}, not to root."
            return ForeignFile(
                "foreign-file", path, seen, f"Look at it, then move it away: {away}"
            )
        return ForeignFile(
            "foreign-file",
            path,
            f"{path} belongs to the user {owner}, neither to you nor to root.",
            f"Run it as {owner} if it is theirs. Else look at it, then move it away: {away}",
        )


def _look(path: pathlib.Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):  # gone meanwhile, or told by who opens it
        return None


def _is_foreign(found: os.stat_result) -> bool:
    return found.st_uid not in (os.geteuid(), 0)


def _link(path: pathlib.Path) -> ForeignFile:
    return ForeignFile(
        "foreign-file",
        path,
        f"{path} points elsewhere, and such a link is not followed there.",
        f"Look where it points, then remove the link: {shlex.join(['rm', str(path)])}",
    )


def _may_others_write(found: os.stat_result) -> bool:
    if found.st_mode & _OTHERS == stat.S_IWGRP:
        return not _is_own_group(found.st_gid)
    return bool(found.st_mode & _OTHERS)


def _is_own_group(group: int) -> bool:
    """Whether it is a user's own group, which on many systems may write what the user makes."""
    with contextlib.suppress(KeyError):
        entry, user = grp.getgrgid(group), pwd.getpwuid(os.geteuid()).pw_name
        return group == 0 or (entry.gr_name == user and not set(entry.gr_mem) - {user})
    return False


def _open(folder: pathlib.Path) -> ForeignFile:
    return ForeignFile(
        "open-folder",
        folder,
        f"Other users may write to {folder}.",
        f"Look for what is not yours there, then: {shlex.join(['chmod', 'go-w', str(folder)])}",
    )
