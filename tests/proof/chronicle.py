"""One undisturbed run, written down step by step: what a story restores to begin in its middle.

Before each step stands the whole testbed as bytes (`juju_testbed.model.frozen`) and the journal.
Beside it stand the points that the step passes, so that every one of them can be visited by real
processes that have only this step to live through.
"""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import pickle

from cou.journal import FILE
from cou.journal.records import Limit, RunState
from cou.options.settings import Settings
from juju_testbed.charms import profile
from juju_testbed.model import frozen

from tests.processes.conftest import PASSWORD
from tests.simulation import world as worlds

from . import harness, small

# Long enough for a task to be seen while it runs, short enough for thousands of stories.
PROFILE = dataclasses.replace(profile.INSTANT, upgrade=0.05, hook=0.02)
SETTINGS = Settings(quiet_period_s=0)
# The virtual run took place an hour ago, so that no clock is ahead afterwards.
_BACK = datetime.timedelta(hours=1)
_REST_S = 0.5


@dataclasses.dataclass(frozen=True)
class Before:
    """Everything as it is before one step; `journal` is empty where nothing was planned yet."""

    controller: bytes
    journal: bytes = b""


@dataclasses.dataclass(frozen=True)
class Moment:
    """A point of the step that comes after `before` number `at`."""

    at: int
    point: harness.Point


@dataclasses.dataclass(frozen=True)
class Chronicle:
    """The run: `plan` as it was shown, what was so before each step, and every moment."""

    plan: object
    before: list[Before]
    moments: list[Moment]

    def one_of_each(self) -> list[Moment]:
        """Return the first moment of each point for each kind of step."""
        first: dict[tuple[str, str], Moment] = {}
        for moment in self.moments:
            first.setdefault((moment.point.name, moment.point.kind), moment)
        return list(first.values())

    def one_of_each_name(self) -> list[Moment]:
        """Return the first moment of each point that lies within a step, or anywhere."""
        first: dict[str, Moment] = {}
        for within in (True, False):
            for moment in self.moments:
                if (moment.point.kind != "none") is within:
                    first.setdefault(moment.point.name, moment)
        return list(first.values())


def make() -> Chronicle:
    """Live through the run once, in virtual time."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return worlds.run(_make(pathlib.Path(folder) / "home"))


async def _make(home: pathlib.Path) -> Chronicle:
    world = await worlds.build(
        home,
        small.BUNDLE,
        profile=PROFILE,
        settings=SETTINGS,
        edit=_hurry,
        epoch=datetime.datetime.now(datetime.timezone.utc) - _BACK,
    )
    world.controller.user(worlds.USER).password = PASSWORD
    plan = await world.plan(**harness.OPTIONS)
    attempt = world.create(plan)
    journal = world.journal()
    journal.end_attempt(attempt.token, RunState.STOPPED)
    journal.close()
    book = Chronicle(plan, [], [])
    while True:
        await rest(world.model)
        controller = frozen.freeze(world.controller)
        book.before.append(Before(controller, (home / FILE).read_bytes()))
        attempt = world.resume(attempt.run, Limit("step", 1))
        watch = harness.Watch(None, lambda: None)
        with watch.installed():
            ending = await world.work(attempt)
        at = len(book.before) - 1
        # What is waited for is written when it has been waited for long enough: that is chance.
        book.moments.extend(
            Moment(at, point) for point in watch.passed if "set-waits" not in point.name
        )
        if ending.state is RunState.COMPLETED:
            return book
        assert ending.state is RunState.STOPPED, ending


def _hurry(model: worlds.Model) -> None:
    model.watch_delay_s, model.charm_download_s, model.charm_unpack_s = 0.02, 0.05, 0.02


async def rest(model: worlds.Model) -> None:
    """Wait until nothing happens in a model any more."""
    calm = 0
    for _ in range(2000):
        await model.clock.sleep(_REST_S / 5)
        calm = calm + 1 if frozen.at_rest(model) else 0
        if calm >= 3:
            return
    raise AssertionError("the model does not come to rest")


def keep(path: pathlib.Path) -> Chronicle:
    """Make it, and write it where other processes read it."""
    book = make()
    path.write_bytes(pickle.dumps(book))
    return book


def read(path: pathlib.Path) -> Chronicle:
    """Read what `keep` wrote."""
    book: Chronicle = pickle.loads(path.read_bytes())
    return book
