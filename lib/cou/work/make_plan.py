"""From the live model to a plan: reading, analysis, planning. Changes nothing."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Generator

from ..cloud import cloud, reading
from ..juju.port import Juju
from ..options.options import Options
from ..options.settings import Settings
from ..plan import planner
from ..plan.plan import Plan

# An update-status hook of a neighbour takes part of a minute; on a busy machine there are several.
_PATIENT_S = 300.0


async def make_plan(
    juju: Juju,
    settings: Settings,
    options: Options,
    *,
    patient: bool = False,
    on_read: Callable[[], None] = lambda: None,
) -> Plan:
    """Read the model within 45 s and plan; what did not answer is a problem of the plan.

    Args:
        juju: the model.
        settings: of the charm.
        options: of the plan.
        patient: nobody stands and waits: give units that are busy minutes to answer.
        on_read: called when the model is read, before the plan is made of it.

    Raises:
        JujuError: the model cannot be read at all.
    """
    with _uncollected():
        limits = {"deadline_s": _PATIENT_S, "query_s": _PATIENT_S} if patient else {}
        found = await reading.read(juju, options, **limits)
        on_read()
        return planner.plan(cloud.build(found), options, settings)


@contextlib.contextmanager
def _uncollected() -> Generator[None]:
    """Keep the collector of cycles from going through what is read, again and again.

    A reading and a plan are tens of thousands of objects without a cycle, all of them kept: a
    quarter of the time would go into looking for garbage that is not there.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
