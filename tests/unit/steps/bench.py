"""A workbench for one step: a model that reacts, and the step's view of its run.

Actions and commands change the model as they say they do, unless a test makes them answer
otherwise. What a wait waits for comes by `later`: each look at the model lets the next thing
happen, and a wait for what never comes fails as the run's observer would let it fail.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import json

from cou.errors import StepFailed
from cou.juju.port import HistoryEntry, Status, Task, TaskStatus
from cou.kinds import Kind
from cou.operations.quiet_time import ModelTime
from cou.options.settings import Settings
from cou.plan.step import Step
from cou.steps import performers
from cou.steps.context import StateBefore, StepDrained

from ..fakes import NOW, World

OSD = "ceph version {} (0123456789abcdef) {} (stable)"


class Bench:
    """Implements `cou.steps.context.Context` and the part of Juju that steps read."""

    def __init__(self, world=None, settings=None):
        self.world = world or World()
        self.settings = settings or Settings()
        self.juju = self
        self.step = Step("none", Kind.GROUP, "none")
        self.draining = False  # noticed
        self.cancelled = False  # recorded
        self.skipped_units = frozenset()
        self.now = NOW
        self.done = []  # what was sent: (target, what)
        self.reads = []  # what was asked: (target, what)
        self.marks = {}
        self.kept = {}
        self.operations = {}  # key -> (begun at, task or None, request)
        self.earlier = {}  # the same, of rounds before a failure
        self.discarded = []  # (key, why)
        self.later = []  # what happens between two looks of a wait
        self.answers = {}  # action or part of a command -> function(unit) -> Task fields
        self.history = {}
        self.time = ModelTime(self)

    def monotonic(self):
        return (self.now - NOW).total_seconds()

    def epoch(self):
        return "bench"

    async def perform(self, kind, target="model", timeout_s=600, **params):
        """Perform one step and return its result."""
        self.step = Step("the/step", kind, "the step", "", target, params, timeout_s)
        return await performers.perform(self)

    def run(self, kind, target="model", **params):
        """Perform one step; parameters named with underscores."""
        named = {key.replace("_", "-"): value for key, value in params.items()}
        timeout_s = named.pop("timeout-s", 600)
        return asyncio.run(self.perform(kind, target, timeout_s, **named))

    # Tests say here what is so, and what answers what.

    def answer(self, what, *, fail="", **output):
        """Have an action, or commands with this text in them, answer something."""
        self.answers[what] = (fail, {key.replace("_", "-"): v for key, v in output.items()})

    def prints(self, text, stdout="", code=0):
        """Have commands with this text in them print something."""
        self.answers[text] = ("", {"return-code": code, "stdout": stdout, "stderr": ""})

    def again(self):
        """Begin another round, as `upgrade` does after a step has failed."""
        self.earlier.update(self.operations)
        self.operations = {}
        self.answers = {}

    def unit(self, name, **fields):
        """Change a unit's status."""
        app = self.world.apps[name.partition("/")[0]]
        changed = app.units[name]._replace(**fields)
        units = {**app.units, name: changed}
        self.world.apps[app.name] = dataclasses.replace(app, units=units)

    def app(self, name, **fields):
        """Change an application's status."""
        self.world.apps[name] = dataclasses.replace(self.world.apps[name], **fields)

    def hooks(self, application, *names):
        """Have hooks run on all units of an application, one minute after the other."""
        for unit in self.world.apps[application].units:
            for name in names:
                self.now += datetime.timedelta(minutes=1)
                entry = HistoryEntry("executing", f"running {name} hook", self.now)
                self.history.setdefault(unit, []).append(entry)
            self.now += datetime.timedelta(minutes=1)
            self.unit(unit, agent=Status("idle", "", self.now))
        self.now += datetime.timedelta(minutes=1)

    # Juju, for reading.

    async def full_status(self, applications=()):
        return dataclasses.replace(self.world.status(), controller_time=self.now)

    async def config(self, applications):
        return await self.world.config(applications)

    async def actions(self, applications):
        return await self.world.actions(applications)

    async def set_config(self, application, values):
        self.world.options[application].update(values)

    async def refresh(self, name, channel, switch=""):
        app = self.world.apps[name]
        url = app.charm_url if app.channel == channel and not app.can_upgrade_to else "ch:x-999"
        self.app(name, channel=channel, can_upgrade_to="", charm_url=url, scheme="ch")
        return url

    # The context.

    def begun(self, key):
        return key in self.operations

    def age_s(self, key):
        return (self.now - self.operations[key][0]).total_seconds()

    def newest(self, prefix):
        numbers = [key.removeprefix(prefix) for key in self.operations if key.startswith(prefix)]
        return max(map(int, numbers), default=0)

    def was_requested(self, key):
        return key in {**self.earlier, **self.operations}

    def unfinished(self, key):
        _, task, _ = {**self.earlier, **self.operations}.get(key, (None, None, None))
        return task is not None and task.status is not TaskStatus.COMPLETED

    def request(self, key):
        return {**self.earlier, **self.operations}.get(key, (None, None, {}))[2]

    async def change(self, key, request, perform, is_so):
        if key not in self.operations:
            self.operations[key] = (self.now, None, request)
            self.done.append((request["application"], request["kind"]))
            await perform()
        return StateBefore(self.operations[key][0])

    async def action(self, unit, action, params=None, *, key="", still=None, can_wait=False):
        await self._look(key or action, still)
        if can_wait and self.cancelled and key not in self.operations:
            raise StepDrained
        return self._once(key or action, unit, action, params or {})

    async def command(self, unit, command, *, key="", still=None):
        await self._look(key or command, still)
        return self._once(key or command, unit, command, {"command": command})

    async def discard(self, key, why):
        self.discarded.append((key, why))

    async def _look(self, key, still):
        """Forget an operation whose work is no longer so."""
        known = key in self.operations and self.operations[key][1] is not None
        if known and still is not None and not await still():
            del self.operations[key]

    async def read_action(self, unit, action, params):
        self.reads.append((unit, action))
        return self._task(unit, action, params)

    async def read_command(self, unit, command):
        self.reads.append((unit, command))
        return self._task(unit, command, {"command": command})

    async def wait(self, wait):
        for _ in range(len(self.later) + 1):
            status = await self.full_status()
            pending = wait.check(status, self.history, self.time.look(status, self.monotonic()))
            if pending is None:
                return True
            if self.draining and pending.settled:
                return False
            if self.later:
                self.later.pop(0)()
        raise StepFailed("wait-timeout", f"No progress: {pending.what}.")

    async def mark(self, mark, data):
        assert mark not in self.marks
        self.marks[mark] = dict(data)

    def marked(self, mark):
        return self.marks.get(mark)

    async def unmark(self, mark, note="", *, kept=False):
        del self.marks[mark]
        if kept:
            self.kept[mark] = note

    def _once(self, key, unit, what, params):
        if key in self.operations and self.operations[key][1] is not None:
            return self.operations[key][1]
        self.done.append((unit, what))
        task = self._task(unit, what, params)
        self.operations[key] = (self.now, task, {})
        return task

    def _task(self, unit, what, params):
        fail, output = self._answer(what)
        status = TaskStatus.FAILED if fail else TaskStatus.COMPLETED
        number = len(self.done) + len(self.reads)
        name = "juju-exec" if "command" in params else what
        return Task(number, unit, name, params, status, fail, output, self.now, None, self.now)

    def _answer(self, what):
        for text, answer in self.answers.items():
            if text == what or (text in what and " " in what):
                found = answer() if callable(answer) else answer
                return found
        return ("", {"return-code": 0, "stdout": "", "stderr": ""})


def osd_dump(required="octopus", flags=()):
    """Return what ``ceph osd dump`` prints."""
    return json.dumps({"require_osd_release": required, "flags_set": list(flags)})


def ceph_versions(*releases):
    """Return what ``ceph versions`` prints with OSDs of these releases."""
    return json.dumps({"osd": {OSD.format(n, name): 3 for n, name in enumerate(releases)}})


def nodes(host, *, enabled):
    """Return the results of ``list-compute-nodes`` of a host."""
    listed = [{"host": host, "status": "enabled" if enabled else "disabled"}]
    return {"node_name": host, "compute_nodes": json.dumps(listed)}
