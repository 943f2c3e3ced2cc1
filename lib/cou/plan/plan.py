"""A plan: steps, options and problems, with a hash over what would be done."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..checks.problem import Problem
from ..errors import BadInput
from ..kinds import Kind
from ..options.options import Options
from .step import Part, Step

SCHEMA = 1


def canonical(value: object) -> str:
    """Return the one JSON text for a value: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


@dataclasses.dataclass(frozen=True)
class Plan:
    """What would be done, and what stands in the way.

    Attributes:
        origin: codename of the cloud's release.
        target: codename of the release it is upgraded to.
        problems: all findings, errors first, then by code and subject.
        ignored: applications that are not recognised, sorted; nothing is done to them.
        root: a group that holds everything; its title is the plan's. Not in the `repr`, which
            asyncio makes of whatever a program's main task returns.
        words_count: its hash is over the words of its steps as well, as older versions made it.
    """

    model: str
    model_uuid: str
    origin: str
    target: str
    options: Options
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...]
    root: Step = dataclasses.field(repr=False)
    words_count: bool = dataclasses.field(default=False, repr=False, compare=False)

    @property
    def hash(self) -> str:
        """A name for what would be done: steps and options, not what changes by itself.

        It begins with ``p`` so that `juju run`, which reads values as YAML, never takes it for a
        number.
        """
        doing = {
            "schema": SCHEMA,
            "model": self.model_uuid,
            "from": self.origin,
            "to": self.target,
            "options": self.options.to_dict(),
            "steps": [self._hashed(step) for step in self.root.steps],
        }
        return "p" + hashlib.sha256(canonical(doing).encode()).hexdigest()[:15]

    def _hashed(self, step: Step) -> dict[str, Any]:
        if not self.words_count:
            return step.doing()
        data = {name: value for name, value in step.to_dict().items() if name != "note"}
        return {**data, "steps": [self._hashed(one) for one in step.steps]}

    def does_as(self, other: Plan) -> bool:
        """Whether it does what another does, in whatever words each tells it."""
        mine, theirs = (dataclasses.replace(one, words_count=False) for one in (self, other))
        return mine.hash == theirs.hash

    @functools.cached_property
    def parts(self) -> Mapping[str, str]:
        """The application, zone or step on the level of the cloud of each leaf, by ids."""
        return parts_of(self.root)

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """The problems that make `upgrade` refuse."""
        return tuple(problem for problem in self.problems if problem.blocks)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of the design."""
        return {
            "schema": SCHEMA,
            "hash": self.hash,
            "model": self.model,
            "model-uuid": self.model_uuid,
            "from": self.origin,
            "to": self.target,
            "title": self.root.title,
            "options": self.options.to_dict(),
            "problems": [problem.to_dict() for problem in self.problems],
            "ignored": list(self.ignored),
            "steps": [step.to_dict() for step in self.root.steps],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Read what `to_dict` wrote.

        Raises:
            BadInput: where it is of another schema, damaged, or does not match its hash.
        """
        if data.get("schema") != SCHEMA:
            raise BadInput("plan-schema", get=f"{data.get('schema')!r}", schema=SCHEMA)
        try:
            plan = cls(
                model=data["model"],
                model_uuid=data["model-uuid"],
                origin=data["from"],
                target=data["to"],
                options=Options.from_dict(data["options"]),
                problems=tuple(Problem.from_dict(one) for one in data["problems"]),
                ignored=tuple(data["ignored"]),
                root=Step(
                    id="upgrade",
                    kind=Kind.GROUP,
                    title=data["title"],
                    params={"part": "section"},
                    steps=tuple(Step.from_dict(step) for step in data["steps"]),
                ),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise BadInput("plan-damaged/from-dict-2", error=f"{error!r}") from error
        if plan.hash != data.get("hash"):
            plan = dataclasses.replace(plan, words_count=True)
        if plan.hash != data.get("hash"):
            raise BadInput(
                "plan-damaged/from-dict", get=f"{data.get('hash')!r}", hash=f"{plan.hash!r}"
            )
        return plan


def parts_of(root: Step) -> dict[str, str]:
    """Return, by leaf id, what `upgrade-step` counts as one: application, zone or cloud's step."""
    return dict(_below(root))


def _below(group: Step, part: str = "") -> Iterator[tuple[str, str]]:
    own = part
    if not part and group.params.get("part") in (Part.APPLICATION.value, Part.ZONE.value):
        own = group.id
    for step in group.steps:
        if step.kind is Kind.GROUP:
            yield from _below(step, own)
        else:
            yield step.id, own or step.id
