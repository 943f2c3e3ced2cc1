"""Every kind of step, one row each: what the rooms need to know of a kind, as data.

What a step of a kind does stands in ``steps/<kind>.py``, found by the kind's name; its words stand
in ``texts/steps.txt``. Where a row says its place, the planner needs to know no more of the kind;
steps that stand anywhere else are put there by `cou.plan`, by name.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping


class Kind(enum.Enum):
    """Every kind of step. A kind's value stands in the plan's JSON and names its module."""

    GROUP = "group"
    SET_CONFIG = "set-config"
    REFRESH = "refresh"
    RUN_ACTION = "run-action"
    UPGRADE_PACKAGES = "upgrade-packages"
    UPGRADE_UNIT = "upgrade-unit"
    WAIT_IDLE = "wait-idle"
    VERIFY_WORKLOAD = "verify-workload"
    VERIFY_HYPERVISORS_UPGRADED = "verify-hypervisors-upgraded"
    VERIFY_HYPERVISOR_EMPTY = "verify-hypervisor-empty"
    BACKUP_DATABASE = "backup-database"
    ARCHIVE_DATA = "archive-data"
    PURGE_DATA = "purge-data"
    SET_NOOUT = "set-noout"
    REQUIRE_OSD_RELEASE = "require-osd-release"
    WAIT_UNSEALED = "wait-unsealed"
    SET_COMPUTE_SERVICE = "set-compute-service"
    PUT_BACK = "put-back"


class InDoubt(enum.Enum):
    """What is done about a request when nobody knows what became of it, and it may still arrive.

    Juju takes no key by which it could tell the second of two requests from the first.
    """

    REPEATED = "repeated"  # it may run twice, also much later
    LOOKED_FOR = "looked-for"  # it works once (a command with a marker), or is read back
    ASKED = "asked"  # an operator says


@dataclasses.dataclass(frozen=True)
class Action:
    """An action that steps of a kind ask a charm for.

    Attributes:
        in_doubt: whether it may be sent again while its first request may still arrive.
        why: what its charm does when it runs twice.
        switches: kind of the mark for what it leaves switched; empty where it leaves nothing.
        back: the action that puts that back.
    """

    in_doubt: InDoubt
    why: str
    switches: str = ""
    back: str = ""

    def mark(self, unit: str) -> str:
        """Return the id of the mark for what it leaves switched on a unit."""
        target = unit.partition("/")[0] if self.switches == "noout" else unit
        return f"{self.switches}:{target}"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the planner puts steps of a kind: one for each application of a charm.

    It concerns the application, or the application's first unit where the row's targets are units.

    Attributes:
        section: ``prepare``, before all applications are upgraded, or ``finish``, after them.
        charm: the charm's name; what has no unit, or is skipped, gets no step.
        timeout_s: seconds without progress after which it fails.
        option: the option of a plan that asks for it; empty where nothing has to.
        groups: the groups of a plan that have it; empty for all.
        params: name of a parameter -> the option of a plan that gives its value.
    """

    section: str
    charm: str
    timeout_s: int
    option: str = ""
    groups: tuple[str, ...] = ()
    params: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])


@dataclasses.dataclass(frozen=True)
class KindRow:
    """What is known of a kind.

    Attributes:
        targets: what its steps concern: ``application``, ``unit`` or ``model``.
        params: name -> JSON type of what is sent; a ``?`` behind it: it may be missing.
        guess_s: seconds on a mid-sized cloud, for want of anything seen; assumed, not measured.
        gate: it may find that the rest of its group cannot be done now.
        puts_back: it puts back what was switched, also where the rest of its group is left out.
        upgrades: it changes the software of its unit, which is half upgraded if it fails.
        by_hooks: it is done when the hooks that it causes have ended, so no look proves it done.
        verifies: it proves what was reached.
        actions: the actions that it asks for, by name.
        place: where the planner puts it; None where `cou.plan` does so by name.
    """

    targets: tuple[str, ...]
    params: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    guess_s: float = 2.0
    gate: bool = False
    puts_back: bool = False
    upgrades: bool = False
    by_hooks: bool = False
    verifies: bool = False
    actions: Mapping[str, Action] = dataclasses.field(default_factory=dict[str, Action])
    place: Place | None = None


_APPLICATION, _UNIT, _MODEL = "application", "unit", "model"

ROWS: Mapping[Kind, KindRow] = {
    Kind.SET_CONFIG: KindRow(
        (_APPLICATION,),
        # `mark`: the old value is a mark, put back by a later put-back; `was`: the value to put
        # back where it stands already.
        {"key": "string", "value": "string", "mark": "boolean", "was": "string?"},
        guess_s=25.0,
        by_hooks=True,
    ),
    Kind.REFRESH: KindRow(
        (_APPLICATION,),
        {"channel": "string", "switch": "string"},  # ``ch:<charm>`` or empty
        guess_s=95.0,
        by_hooks=True,
    ),
    Kind.RUN_ACTION: KindRow(
        (_UNIT,),
        {"action": "string", "params": "object"},
        guess_s=25.0,
        actions={
            "run-deferred-hooks": Action(
                InDoubt.ASKED,
                "restarts a member of a cluster, perhaps while it must not (LP#2046381)",
            )
        },
    ),
    Kind.UPGRADE_PACKAGES: KindRow(
        (_UNIT,),
        # `pocket`: nothing is done where the unit's APT sources name it already; may be empty.
        {"hold": "array", "pocket": "string"},
        guess_s=120.0,
        upgrades=True,
    ),
    Kind.UPGRADE_UNIT: KindRow(
        (_UNIT,),
        # `actions`: of pause, openstack-upgrade, resume, in order; `hacluster`: a unit that is
        # paused around it.
        {"actions": "array", "charm": "string", "release": "string", "hacluster": "string?"},
        guess_s=460.0,
        upgrades=True,
        actions={
            "pause": Action(
                InDoubt.REPEATED,
                "a paused unit is paused again: its services are stopped already",
                switches="paused",
                back="resume",
            ),
            "resume": Action(
                InDoubt.REPEATED,
                "a unit in service is resumed again: its services run already",
            ),
            "openstack-upgrade": Action(
                InDoubt.REPEATED, "finds no newer release in the origin, and says so"
            ),
        },
    ),
    Kind.WAIT_IDLE: KindRow(
        (_APPLICATION, _MODEL),
        {"quiet": "integer", "applications": "array"},  # seconds; what must be idle
        guess_s=14.0,
    ),
    Kind.VERIFY_WORKLOAD: KindRow(
        (_APPLICATION,),
        {"charm": "string", "release": "string", "units": "array"},  # no units: all
        verifies=True,
    ),
    Kind.VERIFY_HYPERVISORS_UPGRADED: KindRow(
        (_MODEL,),
        {"release": "string", "applications": "array"},
        gate=True,
        verifies=True,
    ),
    Kind.VERIFY_HYPERVISOR_EMPTY: KindRow((_UNIT,), guess_s=5.0, gate=True),
    Kind.BACKUP_DATABASE: KindRow(
        (_UNIT,),
        guess_s=100.0,
        actions={
            "mysqldump": Action(
                InDoubt.ASKED,
                "writes a second dump beside the first, perhaps of hundreds of gigabytes",
            )
        },
    ),
    Kind.ARCHIVE_DATA: KindRow(
        (_UNIT,),
        {"batch-size": "integer"},
        guess_s=60.0,
        actions={
            "archive-data": Action(
                InDoubt.REPEATED, "moves the next rows, which a later batch would have moved"
            )
        },
        place=Place(
            "prepare",
            "nova-cloud-controller",
            timeout_s=3600,
            option="archive",
            params={"batch-size": "archive-batch-size"},
        ),
    ),
    Kind.PURGE_DATA: KindRow(
        (_UNIT,),
        {"before": "string"},  # a date, or empty
        guess_s=60.0,
        actions={
            "purge-data": Action(
                InDoubt.REPEATED, "finds nothing more to purge up to the same date"
            )
        },
    ),
    Kind.SET_NOOUT: KindRow(
        (_UNIT,),
        {"noout": "boolean"},  # true: a mark; false: puts it back
        guess_s=5.0,
        actions={
            "set-noout": Action(
                InDoubt.REPEATED,
                "a flag of the cluster, set to what it is",
                switches="noout",
                back="unset-noout",
            ),
            "unset-noout": Action(InDoubt.REPEATED, "a flag of the cluster, set to what it is"),
        },
    ),
    Kind.REQUIRE_OSD_RELEASE: KindRow(
        (_UNIT,), place=Place("finish", "ceph-mon", timeout_s=600, groups=("all", "data-plane"))
    ),
    Kind.WAIT_UNSEALED: KindRow((_APPLICATION,)),
    Kind.SET_COMPUTE_SERVICE: KindRow(
        (_UNIT,),
        {"enabled": "boolean"},  # false: a mark; true: puts it back where the run disabled it
        guess_s=8.0,
        puts_back=True,
        actions={
            "disable": Action(
                InDoubt.REPEATED,
                "the scheduler's switch of a hypervisor, set to what it is",
                switches="compute-service",
                back="enable",
            ),
            "enable": Action(
                InDoubt.REPEATED, "the scheduler's switch of a hypervisor, set to what it is"
            ),
        },
    ),
    Kind.PUT_BACK: KindRow(
        (_APPLICATION, _UNIT),
        {"mark": "string"},  # its id
        guess_s=25.0,
        puts_back=True,
    ),
}
"""Ids of marks: ``option:<application>:<key>``, ``compute-service:<unit>``, ``paused:<unit>``,
``noout:<application>``, ``held:<unit>``."""


def is_gate(kind: Kind) -> bool:
    """Whether a step may find that the rest of its group cannot be done now."""
    return kind in ROWS and ROWS[kind].gate


def actions() -> Iterator[tuple[str, Action]]:
    """Yield all actions that steps ask for, by name."""
    for row in ROWS.values():
        yield from row.actions.items()


def is_repeated(action: str) -> bool:
    """Whether an action may be sent again while its first request may still arrive.

    One that is not known is not safe.
    """
    return any(name == action and one.in_doubt is InDoubt.REPEATED for name, one in actions())


def switching(action: str) -> Action | None:
    """Return an action that leaves something switched; None for any other."""
    return next((one for name, one in actions() if name == action and one.switches), None)


def violation(kind: Kind, params: Mapping[str, object]) -> str:
    """Return what is wrong with the parameters of a step of a kind; empty where nothing is."""
    row = ROWS[kind]
    for name, form in row.params.items():
        if name not in params:
            if not form.endswith("?"):
                return f"{name} is missing"
        elif not isinstance(params[name], _TYPES[form.rstrip("?")]):
            return f"{name} is no {form.rstrip('?')}"
    odd = sorted(params.keys() - row.params.keys())
    return f"{odd[0]} is not known" if odd else ""


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "array": list,
    "object": dict,
}
