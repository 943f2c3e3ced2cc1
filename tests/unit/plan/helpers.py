"""Short ways from a world to a plan, and from a plan to what it does."""

from __future__ import annotations

import asyncio

from cou.cloud import cloud, reading
from cou.kinds import Kind
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan import planner
from cou.plan.plan import Plan
from cou.plan.step import Step


def plan_of(world, settings: Settings | None = None, **options) -> Plan:
    """Plan a world with options named as in the `plan` action, with underscores."""
    chosen = Options.from_dict({key.replace("_", "-"): value for key, value in options.items()})
    seen = asyncio.run(reading.read(world, chosen))
    return planner.plan(cloud.build(seen), chosen, settings or Settings())


def told(step: Step) -> str:
    """Return one step as a line in the notation of the reference."""
    params, target = step.params, step.target
    match step.kind:
        case Kind.SET_CONFIG:
            mark = " (mark)" if params["mark"] else ""
            return f"CONFIG {target} {params['key']}={params['value']}{mark}"
        case Kind.REFRESH:
            switch = f" switch {params['switch']}" if params["switch"] else ""
            return f"REFRESH {target} {params['channel']}{switch}"
        case Kind.WAIT_IDLE:
            return f"WAIT {target} {step.timeout_s}"
        case Kind.UPGRADE_PACKAGES:
            held = f" held {','.join(params['hold'])}" if params["hold"] else ""
            return f"PKG {target}{held}"
        case Kind.RUN_ACTION:
            return f"ACT {target} {params['action']}"
        case Kind.SET_COMPUTE_SERVICE:
            return f"{'ENABLE' if params['enabled'] else 'DISABLE'} {target}"
        case Kind.SET_NOOUT:
            return f"{'NOOUT' if params['noout'] else 'UNSET-NOOUT'} {target}"
        case Kind.UPGRADE_UNIT:
            return f"UNIT {target} {'>'.join(params['actions'])}"
        case Kind.VERIFY_WORKLOAD:
            return " ".join(["VERIFY", target, *params["units"]])
        case Kind.PUT_BACK:
            return f"PUT-BACK {params['mark']}"
        case Kind.ARCHIVE_DATA:
            return f"archive {target} {params['batch-size']}"
        case Kind.PURGE_DATA:
            return f"purge {target} {params['before']}"
        case _:
            return f"{step.kind.value} {target}"


def find(plan: Plan, identity: str) -> Step:
    """Return the step of an id."""
    return next(step for step in plan.root.walk() if step.id == identity)


def does(plan: Plan, identity: str = "upgrade") -> list[str]:
    """Return what a step and all below it do, line by line."""
    return [told(leaf) for leaf in find(plan, identity).single_steps()]


def groups(plan: Plan, section: str) -> list[str]:
    """Return the ids of the children of a section; empty where it is not planned."""
    return [child.id for step in plan.root.steps if step.id == section for child in step.steps]


def codes(plan: Plan) -> list[str]:
    """Return all problems as code:subject."""
    return [f"{one.code}:{one.subject}" for one in plan.problems]


def blocking(plan: Plan) -> list[str]:
    """Return the blocking problems as code:subject."""
    return [f"{one.code}:{one.subject}" for one in plan.blocking]
