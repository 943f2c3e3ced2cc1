"""A plain charm and its store: takes its time, fails on request, remembers what it ran."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping

from .charm import ActionDefinition, CharmDefinition, Option, Outcome
from .charmurl import parse_url, split_channel
from .clock import Clock
from .entities import Task, Unit
from .store import NotInStore, Revision

DEFINITION = CharmDefinition(
    "simple",
    options={
        "colour": Option("string", "red"),
        "size": Option("int", 1),
        "loud": Option("boolean", False),
        "login": Option("secret"),
    },
    actions={
        "work": ActionDefinition(params={"for": {"type": "number", "default": 10}}),
        "quick": ActionDefinition(parallel=True),
        "grouped": ActionDefinition(execution_group="g", params={"for": {"type": "number"}}),
        "strict": ActionDefinition(
            params={"name": {"type": "string"}}, required=("name",), additional_properties=False
        ),
        "fails": ActionDefinition(),
    },
)


@dataclasses.dataclass
class SimpleCharm:
    """Every hook takes `hook_s`; `failing` counts how often a hook still fails.

    Attributes:
        ran: (world seconds since the epoch, unit, what) of everything begun and ended.
    """

    clock: Clock
    hook_s: float = 2.0
    failing: dict[str, int] = dataclasses.field(default_factory=dict)
    ran: list[tuple[float, str, str]] = dataclasses.field(default_factory=list)
    killed: list[str] = dataclasses.field(default_factory=list)

    async def hook(self, unit: Unit, name: str, context: Mapping[str, str]) -> Outcome:
        """Take `hook_s`, and fail as often as `failing` says."""
        await self._take(unit, name, self.hook_s)
        if self.failing.get(name, 0) > 0:
            self.failing[name] -= 1
            return Outcome(code=1, stderr="broken")
        return Outcome()

    async def action(self, unit: Unit, task: Task) -> Outcome:
        """Take as many seconds as the parameter ``for`` says."""
        await self._take(unit, task.name, float(task.parameters.get("for", 1)))
        if task.name == "fails":
            return Outcome(failed=True, message="as told")
        return Outcome(results={"said": "done"})

    async def command(self, unit: Unit, command: str, timeout_s: float | None) -> Outcome:
        """Understand ``sleep N`` and ``exit N``; echo everything else."""
        word, _, rest = command.partition(" ")
        await self._take(unit, command, float(rest) if word == "sleep" else 0.1)
        if word == "exit":
            return Outcome(code=int(rest))
        return Outcome(stdout=f"{command}\n")

    def kill(self, unit: Unit) -> None:
        """Remember it; the coroutine is cancelled by the uniter."""
        self.killed.append(unit.name)

    async def _take(self, unit: Unit, what: str, seconds: float) -> None:
        self.ran.append((self.clock.now().timestamp(), unit.name, f"{what} begins"))
        try:
            await self.clock.sleep(seconds)
        except asyncio.CancelledError:
            self.ran.append((self.clock.now().timestamp(), unit.name, f"{what} killed"))
            raise
        self.ran.append((self.clock.now().timestamp(), unit.name, f"{what} ends"))


class SimpleStore:
    """Knows one charm under any name; channel ``N/stable`` holds revision N, latest 1."""

    def __init__(self, charm: SimpleCharm):
        self.charm = charm

    def resolve(self, name: str, channel: str, series: str, revision: int | None) -> Revision:
        """Give a revision; the name ``nothing`` and unknown tracks are not there."""
        track = split_channel(channel or "latest/stable")[0]
        if name == "nothing" or not (track == "latest" or track.isdecimal()):
            raise NotInStore(f'No charm or bundle with name "{name}" and channel "{channel}".')
        newest = 1 if track == "latest" else int(track)
        number = newest if revision is None else revision
        url = f"ch:amd64/{series or 'jammy'}/{name}-{number}"
        definition = dataclasses.replace(DEFINITION, name=name)
        return Revision(url, name, number, channel or "latest/stable", definition)

    def behaviour(self, url: str) -> SimpleCharm:
        """Give the one charm, for any URL that is one."""
        parse_url(url)
        return self.charm
