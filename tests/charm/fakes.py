"""An engine that reacts as the real one promises, without processes and without Juju."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any

from cou.checks.problem import Problem
from cou.control.answers import AbandonAnswer, CancelAnswer, ForceAnswer, ReportAnswer, StartAnswer
from cou.errors import CouError
from cou.journal.records import Attempt, Job, Limit, Mark, MarkState, RunState
from cou.kinds import Kind
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan.plan import Plan
from cou.plan.step import Step
from cou.process.access import Access
from cou.process.paths import RunPaths
from cou.show.outcome import Outcome
from cou.wording import NOTHING, PLAN, UPGRADE, CommandStyle, join, own_command

from tests.planned_steps import planned_step

NOON = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Shown:
    plan: Plan
    remainder: bool = False
    message: str = ""
    padding: str = ""

    def text(self, form: str, way: CommandStyle) -> str:
        if form == "json":
            return json.dumps(self.plan.to_dict())
        head = "# " if form == "markdown" else ""
        return f"{head}{self.plan.root.title}{self.padding}"


@dataclasses.dataclass(frozen=True)
class View:
    run: str
    state: RunState
    to: str = "victoria"
    plan_hash: str = ""
    number: int = 0
    total: int = 0
    title: str = ""
    waits_for: str = ""
    left_s: float = 0.0
    next: str = ""
    error: str = ""
    remedy: str = ""
    marks: tuple[Mark, ...] = ()
    attempt: Attempt | None = None
    running: tuple[Step, ...] = ()
    left: tuple[str, ...] = ()
    silent_since: datetime.datetime | None = None
    made_progress: bool = True
    again: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        again = f", {len(self.again)} due again" if self.again else ""
        return f"step {self.number} of {self.total}{again}"

    @property
    def outcome(self) -> Outcome:
        then = (
            join("empty it, then ", own_command("plan", group="data-plane"))
            if self.left
            else NOTHING
        )
        return Outcome(f"to {self.to}", self.left, then)

    def to_dict(self, way: CommandStyle) -> Mapping[str, Any]:
        return {"schema": 1, "run": self.run, "state": self.state.value, "title": self.title}

    @property
    def cause(self) -> str:
        return self.error

    def to_text(self, way: CommandStyle) -> str:
        return f"{self.state.value} {self.title}. To go on: {way.command(UPGRADE)}"


def step(name: str) -> Step:
    return planned_step(name, Kind.REFRESH, f"Refresh {name}", target=name.split("/")[0])


def plan_of(options: Options, problems: tuple[Problem, ...], steps: tuple[Step, ...]) -> Plan:
    root = Step("upgrade", Kind.GROUP, "Upgrade cloud to victoria", steps=steps)
    return Plan("openstack", "uuid", "ussuri", "victoria", options, problems, (), root)


def attempt(
    job: Job = Job.UPGRADE,
    limit: Limit | None = None,
    cancelled: datetime.datetime | None = None,
    by: str = "",
) -> Attempt:
    return Attempt(1, "r1", job, limit or Limit(), NOON, cancelled, by, None, None, "")


def mark(id: str, state: MarkState = MarkState.SET, **data: Any) -> Mark:
    kind, _, target = id.partition(":")
    return Mark(id, kind, target, data, state, "keystone/refresh", NOON, "")


class Control:
    """One unit's engine; its world is in the attributes, which tests may set.

    Attributes:
        steps: what every plan does.
        problems: what every plan finds.
        seen: the run; None until something was planned.
        accesses: the account given with each call that got one.
        broken: raised by every call, where it is set.
    """

    def __init__(self) -> None:
        self.looked_afterwards = 0
        self.place: RunPaths | None = None
        self.steps = (step("keystone/refresh"), step("glance/refresh"))
        self.problems: tuple[Problem, ...] = ()
        self.padding = ""
        self.seen: View | None = None
        self.calls: list[str] = []
        self.accesses: list[Access] = []
        self.settings: Settings | None = None
        self.given: dict[str, Any] = {}
        self.broken: CouError | None = None
        self.let_gos = 0
        self.broken_calls: dict[str, CouError] = {}

    def at(self, place: RunPaths) -> Control:
        """Be the engine of a unit's place: the factory that the charm is given."""
        self.place = place
        return self

    def _called(self, name: str) -> None:
        if name != "view":
            self.calls.append(name)
        if error := self.broken_calls.get(name) or self.broken:
            raise error

    def plan(self, access: Access, settings: Settings, options: Options) -> Shown:
        self._called("plan")
        self.accesses.append(access)
        self.settings = settings
        plan = plan_of(options, self.problems, self.steps)
        if self.seen is not None and self.seen.state.unfinished:
            return Shown(plan, remainder=True, message="2 of 2 steps are left.")
        total = len(self.steps)
        self.seen = View("r1", RunState.PLANNED, plan_hash=plan.hash, total=total)
        return Shown(plan, padding=self.padding)

    def start(
        self,
        access: Access,
        settings: Settings,
        *,
        plan_hash: str | None,
        until: datetime.datetime | None,
        limit: Limit | None,
    ) -> StartAnswer:
        self._called("start")
        self.given = {"plan_hash": plan_hash, "until": until, "limit": limit}
        self.settings = settings
        if self.seen is None:
            raise CouError("no-plan", "No plan was shown.", join("Run `", PLAN, "` first."))
        if plan_hash not in (None, self.seen.plan_hash):
            raise CouError("another-plan", f"{plan_hash} is not the plan shown.")
        if self.seen.state is RunState.COMPLETED:
            return self._started("All is done; nothing was sent.", resumed=False)
        if self.seen.state.going:
            raise CouError("run-going-on", "The run is going on already.")
        self._launch(access)
        resumed = self.seen.state.unfinished
        self.seen = dataclasses.replace(self.seen, state=RunState.STARTING)
        return self._started("The upgrade goes on in the background.", resumed=resumed)

    def _launch(self, access: Access) -> None:
        assert self.place is not None
        self.accesses.append(access)
        self.offer(access)

    def find_late_arrivals(self, account: Callable[[], Access]) -> None:
        self.looked_afterwards += 1

    def offer(self, access: Access) -> None:
        assert self.place is not None
        path = self.place.credential
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(access.to_dict()))
        except OSError as error:
            raise CouError("credential-file", f"{path}: {error.strerror}.") from None

    def release_lease(self, account: Callable[[], Access]) -> None:
        self.let_gos += 1

    def forget(self) -> None:
        assert self.place is not None
        if self.place.credential.exists():
            self.place.credential.unlink()

    def _started(self, message: str, *, resumed: bool) -> StartAnswer:
        assert self.seen is not None
        assert self.place is not None
        until = self.given["until"]
        return StartAnswer(self.seen.run, resumed, self.place.home / "run.log", message, until)

    def cancel(self) -> CancelAnswer:
        self._called("cancel")
        if self.seen is None or not self.seen.state.going:
            state = self.seen.state if self.seen else None
            return CancelAnswer(state, "Nothing runs.")
        self.seen = dataclasses.replace(self.seen, state=RunState.DRAINING, running=self.steps)
        running = tuple({"step": one.id, "target": one.target} for one in self.steps)
        return CancelAnswer(RunState.DRAINING, "Two steps finish.", running)

    def force(self, access: Access | None = None) -> ForceAnswer:
        self._called("force")
        if access is not None:
            self.accesses.append(access)
        if self.seen is None or not self.seen.state.going:
            return ForceAnswer("Nothing runs.", (), (), (), ())
        self.seen = dataclasses.replace(self.seen, state=RunState.KILLED)
        return ForceAnswer("The runner is killed.", (71, 72), (5,), (4,), ("keystone/refresh",))

    def view(self, *, estimated: bool = False) -> View | None:
        self._called("view")
        return self.seen

    def abandon(self, access: Access) -> AbandonAnswer:
        self._called("abandon")
        state = self.seen.state if self.seen else RunState.PLANNED
        if not state.unfinished or state.going:
            raise CouError("nothing-to-abandon", "No run is unfinished.")
        self._launch(access)
        assert self.seen is not None
        self.seen = dataclasses.replace(
            self.seen, state=RunState.RUNNING, attempt=attempt(Job.ABANDON)
        )
        return AbandonAnswer("The run is being abandoned.")

    def restore(self, access: Access) -> Any:
        raise CouError("nothing-to-restore", "No run is unfinished.")

    def resolve_step(self, step: str, resolution: str, reason: str) -> Any:
        self.given = {"step": step, "as": resolution, "reason": reason}
        raise CouError("nothing-to-resolve", "No run is unfinished.")

    def metrics(self) -> str:
        state = self.seen.state.value if self.seen else "none"
        return f'cou_run_state{{state="{state}"}} 1.0\n'

    def report(self, form: str) -> ReportAnswer:
        self._called("report")
        if self.seen is None:
            raise CouError("no-run", "Nothing has run yet.", join("Run `", PLAN, "`."))
        return ReportAnswer(self.seen.run, form, f"{form} of {self.seen.run}{self.padding}")
