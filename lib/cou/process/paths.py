"""Where a unit's run keeps its things."""

from __future__ import annotations

import dataclasses
import os
import pathlib

from ..wording import COMMAND_LINE, ActionStyle, CommandStyle

_JUJU = pathlib.Path("/var/lib/juju")
# There while systemd is PID 1, and only then (sd_booted(3)).
_SYSTEMD = pathlib.Path("/run/systemd/system")


@dataclasses.dataclass(frozen=True)
class RunPaths:
    """Folders of one unit (or one model, on a workstation).

    Attributes:
        home: journal, logs and plans; kept over reboots; 0700.
        run_dir: credential and locks; on tmpfs where the unit is a real one; 0700.
        unit: name of the unit, or empty.
        charm_dir: the charm's folder, where `juju-exec` finds ``dispatch``; or None.
        service: name of the systemd service that keeps the supervisor; empty where a session
            of its own does.
    """

    home: pathlib.Path
    run_dir: pathlib.Path
    unit: str = ""
    charm_dir: pathlib.Path | None = None
    service: str = ""

    @property
    def style(self) -> CommandStyle:
        """How our commands are typed here: as a unit's actions, or as the command `cou`."""
        return ActionStyle(self.unit) if self.unit else COMMAND_LINE

    @classmethod
    def of_unit(cls, unit: str, charm_dir: pathlib.Path) -> RunPaths:
        """Return the place of a unit whose charm lies at ``<juju>/agents/unit-x-0/charm``."""
        tag = unit.replace("/", "-")
        if os.geteuid() == 0 and charm_dir.is_relative_to(_JUJU):
            return cls(
                pathlib.Path("/var/lib/cou") / tag,
                pathlib.Path("/run/cou") / tag,
                unit,
                charm_dir,
                f"cou-{tag}.service" if _SYSTEMD.is_dir() else "",
            )
        home = charm_dir.parent.parent.parent / "cou" / tag
        return cls(home, home / "run", unit, charm_dir)

    @property
    def credential(self) -> pathlib.Path:
        """The file that holds how to log in."""
        return self.run_dir / "access.json"

    @property
    def supervisor_lock(self) -> pathlib.Path:
        """Held by the supervisor for as long as it lives."""
        return self.run_dir / "supervisor.lock"

    @property
    def runner_lock(self) -> pathlib.Path:
        """Held by the runner for as long as it lives."""
        return self.run_dir / "runner.lock"

    @property
    def coming(self) -> pathlib.Path:
        """There from when a supervisor is asked for until it holds its lock."""
        return self.run_dir / "coming"

    @property
    def silent(self) -> pathlib.Path:
        """There while the runner gives no sign of life; it says since when."""
        return self.run_dir / "silent"

    @property
    def kept(self) -> pathlib.Path:
        """What a runner keeps beside its locks (`cou.process.runner_files`)."""
        return self.run_dir / "kept"

    def log(self, run: str) -> pathlib.Path:
        """Return the log file of a run."""
        return self.home / "log" / f"{run}.log"

    @property
    def in_use(self) -> tuple[pathlib.Path, ...]:
        """What a run that goes on would miss: it is not to be moved away under it."""
        beside = (self.supervisor_lock, self.runner_lock, self.kept, self.credential)
        return (self.home, self.run_dir, *self.home.glob("journal.sqlite*"), *beside)

    def make(self) -> None:
        """Make the folders, for their owner only."""
        for folder in (self.home, self.home / "log", self.run_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
