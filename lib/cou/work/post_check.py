"""A last look at the cloud when a run is completed, written down for the report."""

from __future__ import annotations

import logging

from ..checks import after_run
from ..cloud import cloud, reading
from ..errors import JujuError
from ..journal import Journal
from ..journal.records import POST_CHECK
from ..juju.port import Juju
from ..plan.plan import Plan
from ..wording import Wording, to_json

logger = logging.getLogger("cou.final-look")


async def look(journal: Journal, juju: Juju, run: str, plan: Plan) -> None:
    """Look, and write down what was found; a look that fails changes nothing about the run."""
    try:
        seen = cloud.build(await reading.read(juju, plan.options))
    except JujuError as error:
        logger.warning("no last look: %s", error)
        tell_of_none(journal, run, error.seen)
        return
    found = [
        {"code": one.code, "subject": one.subject, "seen": to_json(one.seen)}
        for one in after_run.findings(seen, plan.target)
    ]
    journal.add_event(run, POST_CHECK, {"findings": found, "failure": ""})


def tell_of_none(journal: Journal, run: str, why: Wording) -> None:
    """Write down why nobody could look."""
    journal.add_event(run, POST_CHECK, {"findings": [], "failure": to_json(why)})
