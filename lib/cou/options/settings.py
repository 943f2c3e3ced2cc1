"""Settings of the charm that a plan depends on, in seconds where they are times."""

from __future__ import annotations

import dataclasses

# Longer than any wait of an upgrade; Juju counts a time-out in nanoseconds, which have an end.
LONGEST_S = 30 * 24 * 3600
OLDEST_S = 365 * 24 * 3600
# More units, hypervisors or steps than any cloud has.
MOST = 100_000


@dataclasses.dataclass(frozen=True)
class Settings:
    """Configuration of the charm as the planner and the steps use it.

    Attributes:
        standard_idle_timeout_s: without progress, most waits end after this.
        long_idle_timeout_s: the same where a charm upgrades all its units in its hooks.
        refresh_timeout_s: the same after a refresh, where the charm is not known to be slower.
        quiet_period_s: how long nothing may happen before a wait after a change is over.
        max_parallel: how many applications or hypervisors may be at work at once; the default
            of the plan's option.
        hypervisor_batch: hosts in one batch of a zone; 0 for the whole zone.
        backup_max_age_s: an older dump of the database is made again on resume.
        landscape_mirror_uri: archive mirror; with the next one, origins are mirror lines.
        landscape_apt_component: component of the mirror.
        hook_error_grace_s: how long a hook may be in error before a wait fails.
    """

    standard_idle_timeout_s: int = 300
    long_idle_timeout_s: int = 2400
    refresh_timeout_s: int = 300
    quiet_period_s: int = 10
    max_parallel: int = 1
    hypervisor_batch: int = 0
    backup_max_age_s: int = 86400
    landscape_mirror_uri: str = ""
    landscape_apt_component: str = ""
    hook_error_grace_s: int = 300

    @property
    def landscape(self) -> bool:
        """Whether origins are lines of a mirror; both settings are needed."""
        return bool(self.landscape_mirror_uri and self.landscape_apt_component)
