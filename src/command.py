"""The command `cou` on the unit: a small script on everybody's path that runs the charm's own."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from pathlib import Path

logger = logging.getLogger(__name__)

PATH = Path("/usr/local/bin/cou")
_MARK = "# Written by the charm cou"


def install(charm_dir: Path, path: Path = PATH) -> bool:
    """Write the script; a file of somebody else's is left alone.

    It finds python and the packages where this hook finds them: a refresh writes it anew.

    Returns:
        Whether the command is there.
    """
    try:
        if path.exists() and not _is_ours(path):
            logger.warning("%s is not ours: the command cou is not installed", path)
            return False
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_text(script(charm_dir), encoding="utf-8")
        part.chmod(0o755)
        part.replace(path)
    except OSError as error:
        logger.warning("The command %s could not be written: %s", path, error.strerror)
        return False
    return True


def remove(charm_dir: Path, path: Path = PATH) -> None:
    """Remove the script if it is that of this charm; another unit's stays."""
    try:
        if path.exists() and _is_ours(path) and str(charm_dir) in path.read_text(encoding="utf-8"):
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


def _is_ours(path: Path) -> bool:
    return _MARK in path.read_text(encoding="utf-8", errors="replace")
