"""What the first attempt at a run found, to be compared with what a later one finds."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class ApplicationBaseline:
    """What is compared of an application: channel, units, and the options that steps change."""

    channel: str
    units: tuple[str, ...]
    options: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Baseline:
    """The applications of a plan, as they were found."""

    applications: Mapping[str, ApplicationBaseline]

    def to_json(self) -> str:
        """Return it as JSON text."""
        return json.dumps(
            {name: dataclasses.asdict(app) for name, app in self.applications.items()}
        )

    @classmethod
    def from_json(cls, text: str) -> Baseline:
        """Read what `to_json` wrote."""
        return cls(
            {
                name: ApplicationBaseline(app["channel"], tuple(app["units"]), app["options"])
                for name, app in json.loads(text).items()
            }
        )
