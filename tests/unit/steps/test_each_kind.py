"""A row for each kind of step, and what holds for all: once each, and a crash loses nothing.

A kind stands in four places. The first test here says which of them is missing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from cou import steps, texts
from cou.kinds import ROWS, Kind, violation
from cou.steps.context import StepEnd
from cou.steps.upgrade_packages import REMOVE, UPGRADE

from ..fakes import ACTIVE, example
from . import test_applications, test_ceph, test_databases, test_units
from .bench import Bench, nodes

FOLDER = pathlib.Path(steps.__file__).parent
HELPERS = {"__init__", "performers"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One step of a kind on the bench.

    Attributes:
        target: whom it concerns.
        params: what it is given.
        sends: what it changes, in order; empty for one that only looks.
        ready: makes the bench on which it ends well.
    """

    target: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)
    sends: tuple[str, ...] = ()
    ready: Callable[[], Bench] = lambda: Bench(example())


def hooks(application, *names):
    """Return a bench on which a change of an application makes hooks run."""
    made = Bench(example())
    made.later.append(lambda: made.hooks(application, *names))
    return made


def answering(what, **output):
    made = Bench(example())
    made.answer(what, **output)
    return made


def at(unit, version):
    made = Bench(example())
    made.unit(unit, workload_version=version)
    return made


def with_vault():
    made = Bench(example())
    made.world.add("vault", "1.7.9", channel="1.7/stable")
    return made


def pausing():
    """Return a bench on which a unit shows that it is paused, and that it is upgraded."""
    made = test_units.upgraded_by_action(Bench(example()))

    def shows(workload):
        return lambda: made.unit(NOVA, workload=workload) or ("", {})

    made.answers["pause"] = shows(test_units.PAUSED)
    made.answers["resume"] = shows(ACTIVE)
    return made


def holding():
    """Return a bench on which apt names the packages that are held."""
    made = Bench(example())

    def holds(what):
        return lambda: made.prints("apt-mark showhold", what) or ("", {"return-code": 0})

    made.answers["apt-mark hold"] = holds("keystone")
    made.answers["apt-mark unhold"] = holds("")
    return made


NOVA, CONTROLLER = "nova-compute/0", "nova-cloud-controller/0"
ACTIONS = ["pause", "openstack-upgrade", "resume"]
CASES = {
    "set-config": Case(
        "keystone",
        {"key": "openstack-origin", "value": "cloud:focal-victoria", "mark": False},
        ("set-config",),
        lambda: hooks("keystone", "config-changed"),
    ),
    "refresh": Case(
        "keystone",
        {"channel": "victoria/stable", "switch": ""},
        ("refresh",),
        lambda: hooks("keystone", "upgrade-charm", "config-changed"),
    ),
    "run-action": Case(
        "keystone/0", {"action": "run-deferred-hooks", "params": {}}, ("run-deferred-hooks",)
    ),
    "upgrade-packages": Case(
        "keystone/0",
        {"hold": ["keystone"], "pocket": ""},
        ("apt-mark hold keystone", UPGRADE, REMOVE, "apt-mark unhold keystone"),
        holding,
    ),
    "upgrade-unit": Case(
        NOVA,
        {"actions": ACTIONS, "charm": "nova-compute", "release": "victoria"},
        tuple(ACTIONS),
        pausing,
    ),
    "wait-idle": Case("keystone", {"quiet": 10, "applications": ["keystone"]}),
    "verify-workload": Case(
        "keystone",
        {"charm": "keystone", "release": "victoria", "units": []},
        ready=lambda: at("keystone/0", "18.1.0"),
    ),
    "verify-hypervisors-upgraded": Case(
        "model",
        {"release": "victoria", "applications": ["nova-compute"]},
        ready=lambda: at(NOVA, "22.4.0"),
    ),
    "verify-hypervisor-empty": Case(
        NOVA, ready=lambda: answering("instance-count", instance_count="0")
    ),
    "backup-database": Case(
        "mysql-innodb-cluster/0", sends=("mysqldump",), ready=test_databases.bench
    ),
    "archive-data": Case(
        CONTROLLER,
        {"batch-size": 7},
        ("archive-data",) * 2,
        lambda: test_databases.archiving("7 rows", "Nothing was archived."),
    ),
    "purge-data": Case(
        CONTROLLER, {"before": ""}, ("purge-data",), lambda: answering("purge-data", output="7")
    ),
    "set-noout": Case("ceph-mon/0", {"noout": True}, ("set-noout",), test_ceph.bench),
    "require-osd-release": Case(
        "ceph-mon/0", sends=("ceph osd require-osd-release pacific",), ready=test_ceph.bench
    ),
    "wait-unsealed": Case("vault", ready=with_vault),
    "set-compute-service": Case(
        NOVA,
        {"enabled": False},
        ("disable",),
        lambda: answering("list-compute-nodes", **nodes(NOVA, enabled=True)),
    ),
    "put-back": Case(
        "nova-compute", {"mark": test_applications.MARK}, ("set-config",), test_applications.marked
    ),
}


def places(name):
    """Return in which places a kind is, by what each is called in the documentation."""
    placed = any(row.place for kind, row in ROWS.items() if kind.value == name)
    keys = {key if placed else key.partition("/")[0] for key in texts.catalogue()}
    return {
        f"a file lib/cou/steps/{name.replace('-', '_')}.py": name in files(),
        f"a row {name} in lib/cou/kinds.py": name in {kind.value for kind in ROWS},
        f"a text {name} in lib/cou/texts/steps.txt": name in keys,
        f"a row {name} in tests/unit/steps/test_each_kind.py": name in CASES,
    }


def files():
    """Return the kinds that have a file: one that performs something, and is no helper's."""
    performing = {
        path.stem
        for path in FOLDER.glob("*.py")
        if "\nasync def perform(" in path.read_text(encoding="utf-8")
    }
    return {name.replace("_", "-") for name in performing - HELPERS}


@pytest.mark.parametrize(
    "name", sorted(files() | CASES.keys() | {kind.value for kind in Kind} - {"group"})
)
def test_a_kind_is_in_all_its_four_places(name):
    missing = [place for place, there in places(name).items() if not there]
    assert not missing, f"{name} has not: {'; '.join(missing)}"


class Killed(BaseException):
    """The runner's process ended here."""


def perform(made, name):
    """Perform the step of a row."""
    case = CASES[name]
    return asyncio.run(made.perform(Kind(name), case.target, **case.params))


def ends_after(made, count):
    """Have the runner end when so many requests were sent and answered."""

    def until(send):
        async def sent(*given, **named):
            before = len(made.done)
            answer = await send(*given, **named)
            if before < len(made.done) == count:
                raise Killed
            return answer

        return sent

    for name in ("action", "command", "change"):
        setattr(made, name, until(getattr(made, name)))


@pytest.mark.parametrize("name", CASES)
def test_it_is_given_what_its_row_of_kinds_says_and_sends_what_it_is_there_for(name):
    case, row = CASES[name], ROWS[Kind(name)]
    assert violation(Kind(name), case.params) == ""
    what = "model" if case.target == "model" else "unit" if "/" in case.target else "application"
    assert what in row.targets
    made = case.ready()
    assert perform(made, name).end is StepEnd.DONE
    assert tuple(sent for _, sent in made.done) == case.sends


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.sends])
def test_what_was_sent_before_its_runner_ended_is_not_sent_again(name):
    """After each request; and once more when it was done already, as a settled step is."""
    case = CASES[name]
    for count in range(1, len(case.sends) + 1):
        made = case.ready()
        ends_after(made, count)
        with pytest.raises(Killed):
            perform(made, name)
        assert perform(made, name).end in (StepEnd.DONE, StepEnd.SATISFIED)
        assert tuple(sent for _, sent in made.done) == case.sends
        perform(made, name)
        assert tuple(sent for _, sent in made.done) == case.sends
