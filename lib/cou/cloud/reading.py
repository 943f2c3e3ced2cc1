"""The only asynchronous part of planning: read once what the planner needs, within a deadline.

Nothing here decides anything. What did not answer is kept as `UnansweredQuery`, so that the
planner can name the unit.
"""

from __future__ import annotations

import asyncio
import dataclasses
import enum
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from .. import concurrency
from ..errors import JujuError
from ..juju.port import ApplicationStatus, ConfigValue, Juju, ModelStatus
from ..openstack import charms, compute_actions
from . import ceph_status, names
from .ceph_status import CephState
from .queries import Answer, Deadline, Query, ask

T = TypeVar("T")

DEADLINE_S = 40.0
"""Everything together; an action has 45 s, and the hook that answers needs some of them."""
_QUERY_S = 25.0
_HELD = "held-packages"
_UNATTENDED = "unattended-upgrades"


class ReadingOptions(Protocol):
    """What of the operator's options decides what has to be read (`cou.options.options`)."""

    @property
    def group(self) -> enum.Enum:
        """The part of the cloud to upgrade; its value ``control-plane`` leaves hypervisors."""
        ...


@dataclasses.dataclass(frozen=True)
class UnansweredQuery:
    """A question that got no answer.

    Attributes:
        subject: the unit or application asked, or ``model``.
        key: ``instance-count``, ``list-compute-nodes``, ``versions``, ``config``...
        asked: the question, for people.
        seen: what came instead.
    """

    subject: str
    key: str
    asked: str
    seen: str


@dataclasses.dataclass(frozen=True)
class Reading:
    """Raw answers of one look at the model.

    Attributes:
        config: application -> option -> value, of recognised applications.
        actions: application -> names of its charm's actions, of recognised applications.
        model_config: the model's configuration; empty where it did not answer.
        access: read, write or admin; empty where unknown.
        annotations: of the model.
        instances: nova-compute unit -> virtual machines on it.
        compute_services: nova-compute unit -> whether its scheduler service is enabled.
        ceph: what each ceph-mon application answered.
        held: unit -> packages that APT holds, of units whose upgrade holds some.
        unattended: machines of several principals on which unattended-upgrades is active.
        unanswered: what got no answer.
    """

    status: ModelStatus
    config: Mapping[str, Mapping[str, ConfigValue]]
    actions: Mapping[str, frozenset[str]]
    model_config: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    access: str = ""
    annotations: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    instances: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    compute_services: Mapping[str, bool] = dataclasses.field(default_factory=dict[str, bool])
    ceph: tuple[CephState, ...] = ()
    held: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict[str, tuple[str, ...]]
    )
    unattended: frozenset[str] = frozenset()
    unanswered: tuple[UnansweredQuery, ...] = ()


async def read(
    juju: Juju,
    options: ReadingOptions,
    *,
    deadline_s: float = DEADLINE_S,
    query_s: float = _QUERY_S,
) -> Reading:
    """Read the model: one status, then everything else at the same time.

    The only operations it makes are read-only: actions on nova-compute units, where hypervisors
    may be planned, ``ceph`` queries on the first unit of each ceph-mon application, which packages
    are held where an upgrade holds some, and whether unattended-upgrades is active on machines
    that several principals share.

    Args:
        deadline_s: for everything together.
        query_s: for the answers of units, of that.

    Raises:
        JujuError: the status, the options or the actions of applications cannot be read; without
            them there is no plan.
    """
    deadline = Deadline(deadline_s)
    try:
        status = await concurrency.with_timeout(juju.full_status(), deadline.left_s)
        known = [
            name for name, app in sorted(status.applications.items()) if charms.find(app.charm)
        ]
        config, actions = await concurrency.with_timeout(
            concurrency.run_together(juju.config(known), juju.actions(known)), deadline.left_s
        )
    except asyncio.TimeoutError:
        raise JujuError("timeout/read", deadline_s=f"{deadline_s:.0f}") from None
    missing: list[UnansweredQuery] = []
    model_config, access, annotations, answers = await concurrency.run_together(
        _or(juju.model_config(), {}, "model-config", deadline, missing),
        _or(juju.model_access(), "", "model-access", deadline, missing),
        _or(juju.annotations(f"model-{status.uuid}"), {}, "annotations", deadline, missing),
        ask(juju, _queries(status, actions, options), Deadline(min(query_s, deadline.left_s))),
    )
    return _understood(
        Reading(status, config, actions, model_config, access, annotations), answers, missing
    )


async def _or(
    call: Coroutine[Any, Any, T],
    otherwise: T,
    key: str,
    deadline: Deadline,
    missing: list[UnansweredQuery],
) -> T:
    """Return what a call gives, or something else and a note where it gives nothing."""
    try:
        return await concurrency.with_timeout(call, deadline.left_s)
    except JujuError as error:
        missing.append(UnansweredQuery("model", key, key.replace("-", " "), error.seen))
    except asyncio.TimeoutError:
        missing.append(UnansweredQuery("model", key, key.replace("-", " "), "no answer in time"))
    return otherwise


def _queries(
    status: ModelStatus, actions: Mapping[str, frozenset[str]], options: ReadingOptions
) -> list[Query]:
    found = [
        Query(unit, _UNATTENDED, command="systemctl is-active unattended-upgrades || true")
        for unit in _shared(status).values()
    ]
    for name, app in sorted(status.applications.items()):
        charm = charms.find(app.charm)
        if charm and charm.held_packages:
            found += [Query(u, _HELD, command="apt-mark showhold") for u in sorted(app.units)]
        units = names.in_order(app.units)
        if app.charm == charms.CEPH_MON and units:
            found += [
                Query(units[0], key, command=text) for key, text in ceph_status.COMMANDS.items()
            ]
        if app.charm == charms.NOVA_COMPUTE and options.group.value != "control-plane":
            offered = actions.get(name, frozenset())
            for action in (compute_actions.INSTANCE_COUNT, compute_actions.LIST_NODES):
                if action in offered:
                    found += [Query(unit, action, action=action) for unit in units]
    return found


def _shared(status: ModelStatus) -> dict[str, str]:
    """Return machines on which units of several recognised principals are, with one unit each."""
    there: dict[str, list[str]] = {}
    for _, app in sorted(status.applications.items()):
        if charms.find(app.charm) and not app.subordinate_to:
            for unit in app.units.values():
                there.setdefault(unit.machine, []).append(unit.name)
    return {machine: units[0] for machine, units in there.items() if len(units) > 1}


def _understood(
    reading: Reading, answers: Sequence[Answer], missing: list[UnansweredQuery]
) -> Reading:
    """Return the reading with the answers of units read into it."""
    instances: dict[str, int] = {}
    services: dict[str, bool] = {}
    held: dict[str, tuple[str, ...]] = {}
    unattended: set[str] = set()
    machines = {unit: machine for machine, unit in _shared(reading.status).items()}
    clusters = _clusters(reading.status.applications)
    for answer in answers:
        query, failure = answer.query, answer.failure
        text = str(answer.output.get("stdout", ""))
        if not failure:
            try:
                if query.key == compute_actions.INSTANCE_COUNT:
                    instances[query.unit] = compute_actions.instances(answer.output)
                elif query.key == compute_actions.LIST_NODES:
                    services[query.unit] = compute_actions.enabled(answer.output)
                elif query.key == _HELD:
                    held[query.unit] = tuple(sorted(text.split()))
                elif query.key == _UNATTENDED:
                    unattended |= {machines[query.unit]} if text.strip() == "active" else set()
                else:
                    state = clusters[query.unit]
                    clusters[query.unit] = ceph_status.with_reply(state, query.key, text)
            except ValueError as error:
                failure = str(error)
        if failure:
            missing.append(UnansweredQuery(query.unit, query.key, query.asked, failure))
    return dataclasses.replace(
        reading,
        instances=instances,
        compute_services=services,
        ceph=tuple(clusters.values()),
        held=held,
        unattended=frozenset(unattended),
        unanswered=tuple(sorted(missing, key=lambda one: (one.subject, one.key))),
    )


def _clusters(applications: Mapping[str, ApplicationStatus]) -> dict[str, CephState]:
    found: dict[str, CephState] = {}
    for name, app in sorted(applications.items()):
        if app.charm == charms.CEPH_MON and app.units:
            unit = names.in_order(app.units)[0]
            found[unit] = CephState(application=name, unit=unit)
    return found
