"""Which versions of a facade a release of Juju serves.

python-libjuju has one schema file per release of Juju that it learnt from (3.3.0, 3.5.4 and
3.6-rc1); each names the newest version of every facade. That older versions go on being served
within 3.x, and what 3.4 has, is assumed.
"""

from __future__ import annotations

_COMMON: dict[str, tuple[int, ...]] = {
    "Action": (7,),
    "Admin": (3,),
    "AllWatcher": (3,),
    "Annotations": (2,),
    "Block": (2,),
    "ModelConfig": (3,),
    "Pinger": (1,),
    "Resources": (3,),
    "Secrets": (1, 2),
    "StringsWatcher": (1,),
    "Testbed": (1,),
    "UserManager": (3,),
}
_UP_TO_3_5: dict[str, tuple[int, ...]] = _COMMON | {
    "Application": (15, 16, 17, 18, 19),
    "Charms": (5, 6, 7),
    "Client": (6, 7),
    "Controller": (11,),
    "ModelManager": (9,),
}
RELEASES: dict[str, dict[str, tuple[int, ...]]] = {
    "3.3": _UP_TO_3_5 | {"Charms": (5, 6), "Client": (6,)},
    "3.4": _UP_TO_3_5,
    "3.5": _UP_TO_3_5,
    "3.6": _COMMON
    | {
        "Application": (15, 16, 17, 18, 19, 20),
        "Charms": (5, 6, 7),
        "Client": (6, 7, 8),
        "Controller": (11, 12),
        "ModelManager": (9, 10),
    },
}
# What a running 4.0.15 announced at a login to a model; it has no AllWatcher. Only version and
# facades stand for 4.0 here: behind them answers are still those of 3.6.
RELEASES["4.0"] = _COMMON | {
    "AllWatcher": (),
    "Application": (19, 20, 21, 22),
    "Charms": (7,),
    "Client": (8,),
    "Controller": (12, 13),  # assumed: it is not of a model's login
    "ModelConfig": (3, 4),
    "ModelManager": (10, 11),  # assumed likewise
}
# The agent version that a testbed of a release claims.
AGENTS = {"3.3": "3.3.7", "3.4": "3.4.6", "3.5": "3.5.7", "3.6": "3.6.14", "4.0": "4.0.15"}
NEWEST = "3.6"


def served(agent_version: str) -> dict[str, tuple[int, ...]]:
    """Return facade -> versions for an agent version such as ``3.4.6``; newest for unknown."""
    release = ".".join(agent_version.split(".")[:2])
    return RELEASES.get(release, RELEASES[NEWEST])
