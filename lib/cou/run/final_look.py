"""A last look at the cloud when a run is completed, written down for the report."""

from __future__ import annotations

import dataclasses
import logging

from ..cloud import cloud, reading
from ..errors import JujuError
from ..juju.port import Juju
from ..plan import post_check
from ..plan.plan import Plan
from .journal import Journal

logger = logging.getLogger("cou.final-look")

EVENT = "post-check"
"""Name of the journal's event; data: ``findings`` (code, subject, seen), ``failure`` or empty."""


async def look(journal: Journal, juju: Juju, run: str, plan: Plan) -> None:
    """Look, and write down what was found; a look that fails changes nothing about the run."""
    try:
        seen = cloud.build(await reading.read(juju, plan.options))
    except JujuError as error:
        logger.warning("no last look: %s", error)
        tell_of_none(journal, run, error.seen)
        return
    found = [dataclasses.asdict(one) for one in post_check.findings(seen, plan.target)]
    journal.tell(run, EVENT, {"findings": found, "failure": ""})


def tell_of_none(journal: Journal, run: str, why: str) -> None:
    """Write down why nobody could look."""
    journal.tell(run, EVENT, {"findings": [], "failure": why})
