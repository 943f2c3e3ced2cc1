"""A whole controller as bytes, taken while nothing happens in it, to be set going again elsewhere.

Tests that begin in the middle of an upgrade restore one instead of upgrading up to there.
"""

from __future__ import annotations

import datetime
import pickle

from .controller import Controller
from .model import Model
from .resolver import next_operation
from .uniter import Uniter


def at_rest(model: Model) -> bool:
    """Whether no agent runs anything or has anything to do for what it has seen so far.

    A write that no agent has noticed yet (`ModelState.watch_delay_s`) is not seen here: ask twice.
    """
    return not model.machine_work and all(map(_rests, model.uniters.values()))


def _rests(uniter: Uniter) -> bool:
    busy = uniter.task or uniter.commands or uniter.local.hook or uniter.local.failed
    return not busy and next_operation(uniter.local, uniter.remote, uniter.inbox) is None


def freeze(controller: Controller) -> bytes:
    """Return a controller whose models are at rest.

    Raises:
        ValueError: one of them is not.
    """
    for model in controller.models.values():
        if not at_rest(model):
            raise ValueError(f"something runs in the model {model.name}")
    return pickle.dumps(controller)


def thaw(data: bytes, now: datetime.datetime | None = None) -> Controller:
    """Return the controller of `freeze`; its agents stand still until their model is started.

    Args:
        data: what `freeze` returned; never from elsewhere, since reading it can run any code.
        now: the time to go on from, where it is later than that of the freezing.
    """
    controller: Controller = pickle.loads(data)
    if now is not None:
        controller.clock.resume(now)
    return controller
