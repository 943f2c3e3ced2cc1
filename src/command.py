"""The command `cou` on the unit: a small script on everybody's path that runs the charm's own."""

from __future__ import annotations

import logging
import os
import shlex
import stat
import sys
from pathlib import Path

from cou import whole_file

logger = logging.getLogger(__name__)

PATH = Path("/usr/local/bin/cou")
_MARK = "# Written by the charm cou"
_LONGEST = 65536


def install(charm_dir: Path, path: Path = PATH) -> bool:
    """Write the script; a file of somebody else's is left alone.

    It finds python and the packages where this hook finds them: a refresh writes it anew.

    Returns:
        Whether the command is there.
    """
    try:
        if os.path.lexists(path) and _MARK not in _read(path):
            logger.warning("%s is not ours: the command cou is not installed", path)
            return False
        whole_file.write(path, script(charm_dir), 0o755)
    except OSError as error:
        logger.warning("The command %s could not be written: %s", path, error.strerror)
        return False
    return True


def remove(charm_dir: Path, path: Path = PATH) -> None:
    """Remove the script if it is that of this charm; another unit's stays."""
    try:
        text = _read(path) if os.path.lexists(path) else ""
        if _MARK in text and str(charm_dir) in text:
            path.unlink()
    except OSError as error:
        logger.warning("The command %s could not be removed: %s", path, error.strerror)


def script(charm_dir: Path) -> str:
    """Return the text of the script."""
    own = [part for part in sys.path if part.startswith(f"{charm_dir}/")]
    paths = os.pathsep.join(dict.fromkeys([str(charm_dir / "lib"), *own]))
    return (
        f"#!/bin/sh\n{_MARK} in {charm_dir}; a refresh of the charm writes it anew.\n"
        f"PYTHONPATH={shlex.quote(paths)} exec {shlex.quote(sys.executable)} -m cou.cli "
        '"$@"\n'
    )


def _read(path: Path) -> str:
    """Return the text of a file; of a link, a pipe or whatever else is no file, none.

    On Debian a group may write to the folder: nothing that is planted there is followed, and
    nothing waits for it.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        return ""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read(_LONGEST).decode(errors="replace")
