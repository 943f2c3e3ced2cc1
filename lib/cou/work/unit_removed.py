"""Notices that the unit of a run was removed without its hooks: nobody is left to say so.

A reading that fails, or that this account may not make, says nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..clock import Clock
from ..errors import CouError
from ..juju.port import Juju, ModelStatus

logger = logging.getLogger("cou.removal")

LOOK_S = 30.0
BETWEEN_S = 5.0
_GOING = ("dying", "dead")


def is_gone(status: ModelStatus, model_uuid: str, unit: str) -> bool:
    """Whether a reading of a model shows that a unit is not there any more, or is to go.

    Args:
        status: of the whole model, or of the unit's application.
        model_uuid: the model in which the unit was.
        unit: its name.
    """
    if status.uuid != model_uuid:
        return False
    application = status.applications.get(unit.rpartition("/")[0])
    if application is None or application.life in _GOING:
        return True
    found = application.units.get(unit)
    return found is None or found.life in _GOING


class UnitWatch:
    """Looks after the unit of a run.

    Args:
        juju: the run's own connection.
        fresh: makes a connection of its own, which logs in anew.
        clock: time.
        model_uuid: the model.
        unit: the unit's name.
    """

    def __init__(
        self, juju: Juju, fresh: Callable[[], Juju], clock: Clock, model_uuid: str, unit: str
    ):
        self._juju = juju
        self._fresh = fresh
        self._clock = clock
        self._model_uuid = model_uuid
        self._unit = unit

    async def until_gone(self) -> None:
        """Return once the unit is gone."""
        while True:
            await self._clock.sleep(LOOK_S)
            if await self._seems_gone() and await self._is_gone():
                return

    async def _seems_gone(self) -> bool:
        try:
            return await self._shows_gone(self._juju, [self._unit.rpartition("/")[0]])
        except CouError as error:
            logger.info("%s could not be looked for: %s", self._unit, error)
            return False

    async def _is_gone(self) -> bool:
        """Whether two answers in a row to another login, each of the whole model, say so."""
        try:
            juju = self._fresh()
        except CouError as error:
            logger.warning("%s could not be looked for: %s", self._unit, error)
            return False
        try:
            if not await self._shows_gone(juju):
                return False
            await self._clock.sleep(BETWEEN_S)
            return await self._shows_gone(juju)
        except CouError as error:
            logger.warning("%s could not be looked for: %s", self._unit, error)
            return False
        finally:
            await juju.close()

    async def _shows_gone(self, juju: Juju, applications: list[str] | None = None) -> bool:
        status = await juju.full_status(applications or ())
        return is_gone(status, self._model_uuid, self._unit)
