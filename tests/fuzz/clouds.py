"""Clouds that somebody sent: a snapshot and a bundle, deployed and planned, or refused."""

from __future__ import annotations

import functools
import json
import pathlib
import random
import tempfile
from typing import Any

import yaml
from cou import printable
from cou.cloud import cloud, reading, snapshot
from cou.errors import CouError
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan import planner
from cou.show import plan_text
from juju_testbed.charms import bundle, rehearsal
from juju_testbed.charms import profile as profiles
from juju_testbed.charms.bundle_source import BundleError
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.model.clock import Clock
from juju_testbed.model.model import Model
from juju_testbed.model.store import NotInStore

from ..simulation import world
from . import checks, mutate

HERE = pathlib.Path(__file__).parent
SMALL = HERE.parent / "systemd" / "bundle.yaml"


@functools.cache
def whole_snapshot() -> str:
    """Return the snapshot of a small cloud."""

    async def story() -> str:
        with tempfile.TemporaryDirectory() as home:
            place = await world.build(pathlib.Path(home), SMALL)
            read = await reading.read(place.client(), Options())
            await place.model.stop()
            return snapshot.text(snapshot.take(read))

    return world.run(story())


def a_snapshot(rng: random.Random) -> None:
    """A snapshot: a cloud that can be planned, or a refusal that has touched nothing."""
    change = rng.choice((mutate.changed, mutate.odd))
    text = json.dumps(change(rng, json.loads(whole_snapshot())))
    if rng.randrange(8) == 0:
        text = mutate.damaged(rng, text.encode()).decode(errors="replace")
    model, store = empty()
    try:
        data = rehearsal.load(text)
        rehearsal.deploy(model, data, store)
    except BundleError as error:
        checks.untouched(model, error)
        return
    plan_of(model, store)


@functools.cache
def _bundle() -> dict[str, Any]:
    return yaml.safe_load(SMALL.read_text(encoding="utf-8"))


def a_bundle(rng: random.Random) -> None:
    """A bundle: a cloud that can be planned, or a refusal that has touched nothing."""
    change = rng.choice((mutate.changed, mutate.odd))
    model, store = empty()
    try:
        bundle.deploy(model, change(rng, _bundle()), store)
    except (BundleError, NotInStore) as error:
        checks.untouched(model, error)
        return
    plan_of(model, store)


def empty() -> tuple[Model, OpenStackStore]:
    """Return an empty model, and the store that its charms come from."""
    clock = Clock()
    store = OpenStackStore(profiles.PROFILES["demo"])
    return Model("openstack", clock=clock, store=store), store


def plan_of(model: Model, store: OpenStackStore) -> None:
    """Have a cloud planned and shown; what is shown steers no terminal."""

    async def story() -> None:
        place = world.around(model, store, pathlib.Path("/nowhere"))
        read = await reading.read(place.client(), Options())
        await place.model.stop()
        plan = planner.plan(cloud.build(read), Options(), Settings())
        for line in plan_text.text(plan).splitlines():
            assert line == printable.line(line), "it steers the terminal"
        plan_text.markdown(plan)

    try:
        world.run(story())
    except CouError as error:
        checks.readable(error)
