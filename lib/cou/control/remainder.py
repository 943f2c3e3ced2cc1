"""What is left of an unfinished run, and under which other options it may go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ..checks.problem import Problem
from ..checks.problem_codes import problem
from ..errors import BadInput
from ..journal.records import StepRecord, StepState
from ..kinds import Kind
from ..options.charm_config import NUMBERS, TEXTS
from ..options.options import Options
from ..options.settings import Settings
from ..plan.plan import Plan
from ..plan.step import Part, Step
from ..show.view import View

_MAY_CHANGE = frozenset({"skip-apps", "accept", "max-parallel"})
# Lists to which something can be added, and from which nothing can be taken back.
_GROWING = ("skip-apps", "accept")


def replan(seen: View, options: Options, settings: Settings | None = None) -> Plan:
    """Return the run's plan under the options given now.

    What is not given keeps the run's value. More applications may be skipped as long as none of
    their steps has begun; more problems accepted; max-parallel changed. Whatever else is given
    and is not so already is refused by its name: nothing that is given is passed over.

    Args:
        settings: the settings, of which `options.given` names those that were given.

    Raises:
        BadInput: another option was given, or an application that has begun or that the run does
            not have.
    """
    stored, given = seen.plan.options.to_dict(), options.to_dict()
    changed = {name: given[name] for name in _named(options) if given[name] != stored[name]}
    fewer_of = {name for name in _GROWING if name in changed and not changed[name]}
    refused = sorted(
        {*changed} - _MAY_CHANGE | fewer_of | _other_settings(seen, options, settings)
    )
    if refused:
        told = ", ".join(refused)
        raise BadInput("run-unfinished/replan", run=seen.run, state=seen.state.value, options=told)
    if not changed:
        return seen.plan
    skipped = set(changed.get("skip-apps", ())) - set(seen.plan.options.skip_apps)
    merged = {
        **stored,
        **changed,
        **{name: sorted({*stored[name], *changed.get(name, ())}) for name in _GROWING},
    }
    _check_known(seen, skipped)
    _check_begun(seen, skipped)
    root = _without(seen.plan.root, skipped) or dataclasses.replace(seen.plan.root, steps=())
    return dataclasses.replace(
        seen.plan,
        options=Options.from_dict(merged),
        root=without_steps(seen.plan.root, root),
        problems=_judged(seen.plan.problems, merged["accept"]),
    )


def _named(options: Options) -> list[str]:
    """Return the names of the options that somebody gave."""
    default, every = Options().to_dict(), options.to_dict()
    if options.given is None:
        return [name for name in every if every[name] != default[name]]
    return [name for name in every if name in options.given]


def _other_settings(seen: View, options: Options, settings: Settings | None) -> set[str]:
    """Return the names of settings that were given and are not the run's."""
    if settings is None or options.given is None:
        return set()
    kept = Settings(**seen.settings)
    fields = {**{name: one[0] for name, one in NUMBERS.items()}, **TEXTS}
    return {
        name
        for name, field in fields.items()
        if name in options.given - {*options.to_dict()}
        and getattr(kept, field) != getattr(settings, field)
    }


def left(plan: Plan, records: Mapping[str, StepRecord]) -> Plan:
    """Return a plan with only the steps that are not over."""
    root = _prune(plan.root, records) or dataclasses.replace(plan.root, steps=())
    return dataclasses.replace(plan, root=without_steps(plan.root, root))


def _check_known(seen: View, skipped: set[str]) -> None:
    applications = {
        step.target.split("/")[0]
        for step in seen.plan.root.single_steps()
        if step.target != "model"
    }
    unknown = sorted(skipped - applications - {*seen.plan.ignored})
    if unknown:
        raise BadInput(
            "skip-unknown",
            run=seen.run,
            unknown=unknown,
            known=", ".join(sorted(applications)) or "all left out",
        )


def _check_begun(seen: View, skipped: set[str]) -> None:
    for step in seen.plan.root.single_steps():
        name = step.target.split("/")[0]
        if name in skipped and seen.steps[step.id].state is not StepState.PENDING:
            raise BadInput("skip-begun", application=name, title=step.title, run=seen.run)


def _judged(problems: Sequence[Problem], accept: list[str]) -> tuple[Problem, ...]:
    """Mark what is taken on as well, and say what could not be."""
    acceptable = {f"{one.code}:{one.subject}" for one in problems if one.acceptable}
    told = {one.subject for one in problems if one.code == "accept-unused"}
    marked = [
        dataclasses.replace(
            one,
            accepted=one.accepted or (one.acceptable and f"{one.code}:{one.subject}" in accept),
        )
        for one in problems
    ]
    unused = [name for name in accept if name not in acceptable | told]
    return (*marked, *(problem("accept-unused", name) for name in unused))


def _without(step: Step, skipped: set[str]) -> Step | None:
    """Leave out what is done to some applications, and the waiting for them."""
    if step.kind is not Kind.GROUP:
        if step.target.split("/")[0] in skipped:
            return None
        waited = step.params.get("applications")
        if step.kind is Kind.WAIT_IDLE and waited:
            kept = [name for name in waited if name not in skipped]
            return dataclasses.replace(step, params={**step.params, "applications": kept})
        return step
    below = tuple(kept for one in step.steps if (kept := _without(one, skipped)) is not None)
    if step.params.get("part") == Part.APPLICATION.value and step.target in skipped:
        return None
    return dataclasses.replace(step, steps=below) if below else None


def _prune(step: Step, records: Mapping[str, StepRecord]) -> Step | None:
    if step.kind is not Kind.GROUP:
        return None if records[step.id].state.over else step
    below = tuple(kept for one in step.steps if (kept := _prune(one, records)) is not None)
    return dataclasses.replace(step, steps=below) if below else None


def without_steps(before: Step, kept: Step) -> Step:
    """Return a plan from which steps were taken, its order as it was with them.

    What came after a step that is gone comes after all that this step came after.
    """
    had = {step.id: step for step in before.walk()}
    left = {step.id for step in kept.walk()}
    return _mended(kept, had, left)


def _mended(step: Step, had: Mapping[str, Step], left: set[str]) -> Step:
    after = dict.fromkeys(name for one in step.after for name in _standing(one, had, left))
    below = tuple(_mended(child, had, left) for child in step.steps)
    return dataclasses.replace(step, after=tuple(after), steps=below)


def _standing(name: str, had: Mapping[str, Step], left: set[str]) -> list[str]:
    if name in left or name not in had:
        return [name] if name in left else []
    return [one for before in had[name].after for one in _standing(before, had, left)]
