"""The run's metrics where a node exporter finds them, if the machine has one.

The charm writes them, not the runner: it runs after every change that `juju status` should show,
sees a runner that has died, and may write there, which the runner's sandbox forbids. Debian's and
Ubuntu's package prometheus-node-exporter reads this folder without any setting; where it is
absent nobody would read the file, and none is written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from cou import whole_file

logger = logging.getLogger(__name__)

FOLDER = Path("/var/lib/prometheus/node-exporter")
# The exporter is another user.
_MODE = 0o644


def show(read: Callable[[], str], unit: str, folder: Path) -> None:
    """Replace a unit's file whole; what hinders that is logged, and never fails an event.

    `read` is asked for the text only where there is a folder for it.
    """
    if not folder.is_dir():
        return
    try:
        # The exporter reads names that end in .prom, which those of parts do not.
        whole_file.write(path(unit, folder), read(), _MODE)
    except OSError as error:
        logger.warning("No metrics in %s: %s", folder, error.strerror)


def remove(unit: str, folder: Path) -> None:
    """Remove a unit's file."""
    try:
        path(unit, folder).unlink(missing_ok=True)
    except OSError as error:
        logger.warning("%s cannot be removed: %s", path(unit, folder), error.strerror)


def path(unit: str, folder: Path) -> Path:
    """Return a unit's file: several units may share a machine."""
    return folder / f"cou-{unit.replace('/', '-')}.prom"
