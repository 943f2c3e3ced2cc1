"""How long things take in the simulated cloud, in seconds of its world."""

from __future__ import annotations

import dataclasses
import random


@dataclasses.dataclass(frozen=True)
class Profile:
    """Durations of the things charms do; each is spread by `jitter`.

    Attributes:
        hook: an ordinary hook.
        ripple: a relation-changed hook after somebody else's upgrade.
        upgrade_charm: the upgrade-charm hook.
        upgrade: moving one unit's packages to another release.
        restart: restarting one unit's services.
        refresh_index: apt-get update.
        dist_upgrade: apt-get dist-upgrade within the release.
        autoremove: apt-get autoremove.
        action: a short action (enable, set-noout, instance-count).
        pause: pause and resume.
        dump: mysqldump.
        archive: one batch of archive-data.
        query: a ceph query, a service's state.
        jitter: 0.2 spreads a duration by up to a fifth either way.
        seed: of that spread; the same seed and the same order give the same times.
    """

    hook: float = 20.0
    ripple: float = 15.0
    upgrade_charm: float = 60.0
    upgrade: float = 420.0
    restart: float = 20.0
    refresh_index: float = 12.0
    dist_upgrade: float = 90.0
    autoremove: float = 8.0
    action: float = 4.0
    pause: float = 15.0
    dump: float = 90.0
    archive: float = 20.0
    query: float = 1.0
    jitter: float = 0.2
    seed: int = 0

    def dice(self) -> random.Random:
        """Return the source of this profile's spread."""
        return random.Random(self.seed)

    def spread(self, kind: str, dice: random.Random) -> float:
        """Return one duration of a kind (a field's name), spread."""
        seconds: float = getattr(self, kind)
        return seconds * (1 + self.jitter * (2 * dice.random() - 1))


# Typical minutes of a mid-sized cloud; assumed, not measured on one.
REAL = Profile()

# For a demonstration that people watch, and for tests in real time.
DEMO = Profile(
    hook=0.12,
    ripple=0.08,
    upgrade_charm=0.3,
    upgrade=0.75,
    restart=0.1,
    refresh_index=0.1,
    dist_upgrade=0.25,
    autoremove=0.05,
    action=0.08,
    pause=0.15,
    dump=0.5,
    archive=0.15,
    query=0.03,
    jitter=0.3,
)

# Nothing takes any time; for tests of what happens, not of when.
INSTANT = Profile(**{f.name: 0 for f in dataclasses.fields(Profile)})

PROFILES = {"real": REAL, "demo": DEMO, "fast": DEMO, "instant": INSTANT}
