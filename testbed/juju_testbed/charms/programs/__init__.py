"""The programs that a simulated unit has. Adding one: a function and a row here."""

from __future__ import annotations

from collections.abc import Mapping

from . import apt, ceph, dpkg, files, run, system, text
from .base import Program

PROGRAMS: Mapping[str, Program] = {
    **apt.PROGRAMS,
    **ceph.PROGRAMS,
    **dpkg.PROGRAMS,
    **files.PROGRAMS,
    **run.PROGRAMS,
    **system.PROGRAMS,
    **text.PROGRAMS,
}
