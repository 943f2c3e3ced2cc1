"""A snapshot of a model, deployed again, gives the same plan; it holds no secret."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import pathlib

import pytest
from cou.cloud import cloud as clouds
from cou.cloud import reading, snapshot
from cou.journal.records import Limit
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan import planner
from juju_testbed.charms import bundle, bundle_source, rehearsal
from juju_testbed.charms import profile as profiles
from juju_testbed.charms.bundle_source import BundleError, harmless
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.model import configs
from juju_testbed.model.charm import Option
from juju_testbed.model.clock import Clock
from juju_testbed.model.model import Model

from ..unit.show.schema import faults
from . import bundles, world

OPTIONS = Options.from_dict({"non-empty-hypervisors": "upgrade"})
SCHEMA = json.loads(
    (pathlib.Path(__file__).parents[2] / "docs/reference/snapshot.schema.json").read_text()
)


async def redeploy(taken, home):
    """Deploy a snapshot on a testbed of its own."""
    store = OpenStackStore(profiles.PROFILES["demo"])
    model = Model(taken["model"], clock=Clock(), store=store)
    rehearsal.deploy(model, rehearsal.load(snapshot.text(taken)), store)
    return world.around(model, store, home)


async def look(place):
    read = await reading.read(place.client(), OPTIONS)
    plan = planner.plan(clouds.build(read), OPTIONS, Settings())
    await place.model.stop()
    return read, plan


def twice(tmp_path, source=bundle.DEMO, edit=None):
    """Return the first model's snapshot and plan, and those of its rehearsal."""

    async def story():
        read, plan = await look(await world.build(tmp_path, source, edit=edit))
        taken = snapshot.take(read)
        again, rehearsed = await look(await redeploy(taken, tmp_path))
        return taken, plan.to_dict(), snapshot.take(again), rehearsed.to_dict()

    return world.run(story())


def essence(plan):
    """Leave out what names the model: its UUID, and the hash, which covers it."""
    return {key: value for key, value in plan.items() if key not in ("model-uuid", "hash")}


def long_since(model, application, **values):
    """Set options as if their hooks had run long ago."""
    app = model.application(application)
    app.config.update(values)
    for unit in model.units_of(application):
        model.uniters[unit.name].local.config_hash = configs.config_hash(app)


def paused_and_odd(model):
    """A cloud as it may stand half-way: paused, disabled, an option set, a unit gone."""
    place = model.store.charm.place
    place.site("nova-compute/0").world.compute_enabled = False
    place.site("nova-compute/1").world.instances = 4
    site = place.site("glance/0")
    site.world.paused = True
    place.model.set_workload("glance/0", "maintenance", "Paused. Use 'resume' action to resume.")
    place.cluster("ceph-mon").flags.add("noout")
    long_since(model, "keystone", **{"action-managed-upgrade": True})


@pytest.mark.slow
@pytest.mark.parametrize("edit", [None, paused_and_odd])
def test_a_snapshot_that_is_deployed_again_gives_the_same_plan(tmp_path, edit):
    taken, plan, again, rehearsed = twice(tmp_path, edit=edit)
    assert essence(rehearsed) == essence(plan)
    assert again == taken


# Bundle files of the reader's own, parted by colons.
OWN = [pathlib.Path(one) for one in filter(None, os.environ.get("COU_BUNDLES", "").split(":"))]


def own(path):
    """Read a bundle file; one of the old Charm Store as `make demo` does."""
    return bundle_source.rewrite_charm_store(path.read_text())[0]


MADE = {
    "focal": lambda: bundles.large("focal", "ussuri").done(),
    "jammy": lambda: bundles.base("jammy", "yoga", zones=("az1", "az2", "az3")).done(),
    **{path.stem: functools.partial(own, path) for path in OWN},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_other_clouds_give_the_same_plan_too(tmp_path, name):
    taken, plan, again, rehearsed = twice(tmp_path, MADE[name]())
    assert plan["steps"]
    assert essence(rehearsed) == essence(plan)
    assert again == taken


@pytest.mark.slow
async def test_a_cloud_that_is_half_way_is_planned_from_there(tmp_path):
    """The notes of the unfinished run stay where they are; what is left to do is the same."""

    place = await world.build(tmp_path)
    first = await place.plan()
    attempt = place.create(world.shown(first), Limit("application", 9))
    await place.work(attempt)
    read, plan = await look(place)
    taken = snapshot.take(read)
    _, rehearsed = await look(await redeploy(taken, tmp_path))
    first, plan, rehearsed = first.to_dict(), plan.to_dict(), rehearsed.to_dict()
    assert plan["steps"] != first["steps"]
    assert rehearsed["steps"] == plan["steps"]


@pytest.mark.slow
def test_a_snapshot_is_as_its_schema_says_and_holds_no_other_option(tmp_path):
    def edit(model):
        app = model.application("keystone")
        options = {**app.definition.options, "admin-password": Option("string")}
        app.definition = dataclasses.replace(app.definition, options=options)
        long_since(model, "keystone", **{"admin-password": "do-not-tell"})

    taken, *_ = twice(tmp_path, edit=edit)
    assert faults(taken, SCHEMA, SCHEMA) == []
    assert "do-not-tell" not in snapshot.text(taken)
    for app in taken["applications"].values():
        assert set(app["options"]) <= snapshot.OPTIONS
    # The schema reaches down to the units.
    next(iter(taken["applications"]["keystone"]["units"].values()))["leader"] = "yes"
    assert [text.rpartition(": ")[2] for text in faults(taken, SCHEMA, SCHEMA)] == [
        "'yes' is no boolean"
    ]


class Watched(dict):
    """A configuration that remembers which options were looked at."""

    asked: set[str] = set()  # noqa: RUF012 - shared on purpose

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)


@pytest.mark.slow
async def test_the_planner_reads_no_option_that_a_snapshot_leaves_out(tmp_path, monkeypatch):
    monkeypatch.setattr(Watched, "asked", set())

    place = await world.build(tmp_path)
    read, _ = await look(place)
    cloud = clouds.build(read)
    for app in cloud.applications:
        object.__setattr__(app, "config", Watched(app.config))
    planner.plan(cloud, OPTIONS, Settings())
    assert Watched.asked
    assert Watched.asked - {""} <= snapshot.OPTIONS


EMPTY = {"model": "m", "machines": {}, "applications": {}, "relations": [], "ceph": {}}
NEWER = EMPTY | {"retries-hooks": True, "schema": 2}
BAD = {
    "no JSON": ("{", "no JSON"),
    "no snapshot": ('{"applications": {}}', "no snapshot of a model"),
    "newer": (json.dumps(NEWER), "form 2"),
}


KEYSTONE = {
    "charm": "keystone",
    "scheme": "ch",
    "channel": "ussuri/stable",
    "newer": False,
    "series": "focal",
    "subordinate-to": [],
    "options": {},
    "units": {},
}
UNIT = {"machine": "0", "principal": "", "version": "17.0.1", "leader": True, "paused": False}


def sent(**changed):
    """Return the text of a snapshot with one application, and something changed."""
    return json.dumps(EMPTY | {"retries-hooks": True, "schema": 1} | changed)


def of_keystone(name="keystone", **changed):
    return sent(machines={"0": {"zone": ""}}, applications={name: KEYSTONE | changed})


HOSTILE = {
    "application": of_keystone("$(reboot)"),
    "unit": of_keystone(units={"keystone/0; reboot": UNIT}),
    "unit of another": of_keystone(units={"glance/0": UNIT}),
    "charm": of_keystone(charm="\x1b[2J"),
    "version": of_keystone(units={"keystone/0": UNIT | {"version": "\x1b]0;owned\x07"}}),
    "option": of_keystone(options={"openstack-origin": "\u202ecloud"}),
    "machine": sent(machines={"`reboot`": {"zone": ""}}),
    "zone": sent(machines={"0": {"zone": "\x9b31m"}}),
    "nowhere": of_keystone(units={"keystone/0": UNIT | {"machine": "7"}}),
    "no principal": of_keystone(units={"keystone/0": UNIT | {"principal": "glance/0"}}),
    "its own": of_keystone(units={"keystone/0": UNIT | {"principal": "keystone/0"}}),
    "relation": sent(relations=[["keystone:a", "glance:b"]]),
    "cluster": sent(ceph={"a b": {}}),
    "model": sent(model="<b>"),
    "deep": '{"a":' * 100_000,
}


def test_what_is_changed_below_would_be_taken():
    assert rehearsal.load(of_keystone(units={"keystone/0": UNIT}))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_snapshot_is_refused_and_steers_no_terminal(text):
    with pytest.raises(BundleError) as refused:
        rehearsal.load(text)
    for line in str(refused.value).split("\n"):
        assert harmless(line) == line


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_what_is_no_snapshot_is_refused(text, said):
    with pytest.raises(BundleError, match=said):
        rehearsal.load(text)
