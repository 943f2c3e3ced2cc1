"""The options of a plan: what the operator chose when it was shown."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import re
from collections.abc import Mapping
from typing import Any, cast

from ..errors import BadInput
from ..wording import PlanOption, own_command
from . import values as options_values
from .settings import MOST


class Group(enum.Enum):
    """Which part of the cloud is upgraded."""

    ALL = "all"
    CONTROL_PLANE = "control-plane"
    DATA_PLANE = "data-plane"
    HYPERVISORS = "hypervisors"


class NonEmpty(enum.Enum):
    """What happens to hypervisors that run instances."""

    SKIP = "skip"
    UPGRADE = "upgrade"


class Strategy(enum.Enum):
    """How the units of a principal are upgraded."""

    ALL_IN_ONE = "all-in-one"
    ROLLING = "rolling"


_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")
_MACHINE = re.compile(r"(0|[1-9][0-9]*)(/[a-z]+/(0|[1-9][0-9]*))*\Z")
# A list that YAML did not read, since all was to be a text, is no name.
_ZONE = re.compile(r"[^\s,\[\]{}'\"]+\Z")
# What nova-manage takes (nova/cmd/manage.py: at most nova.db.constants.MAX_INT).
_ROWS = 0x7FFFFFFF
_ACCEPT = re.compile(r"[a-z0-9-]+:\S+\Z")
_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")


@dataclasses.dataclass(frozen=True)
class Options:
    """Validated options, with the defaults of the `plan` action.

    Attributes:
        given: names of those that somebody gave, and of settings beside them. None where they
            were not told apart. It is no part of a plan: a default that is given plans the same.
    """

    group: Group = Group.ALL
    machines: tuple[str, ...] = ()
    availability_zones: tuple[str, ...] = ()
    skip_apps: tuple[str, ...] = ()
    non_empty_hypervisors: NonEmpty = NonEmpty.SKIP
    backup: bool = True
    archive: bool = True
    archive_batch_size: int = 1000
    purge: bool = False
    purge_before: str = ""
    set_noout: bool = False
    strategy: Strategy = Strategy.ALL_IN_ONE
    max_parallel: int = 1
    accept: tuple[str, ...] = ()
    given: frozenset[str] | None = dataclasses.field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the options under their names in the `plan` action."""
        out: dict[str, Any] = {}
        for field in _fields(self):
            value: Any = getattr(self, field.name)
            if isinstance(value, enum.Enum):
                value = value.value
            elif isinstance(value, tuple):
                value = list(cast("tuple[Any, ...]", value))
            out[field.name.replace("_", "-")] = value
        return out

    @classmethod
    def of_given(cls, raw: Mapping[str, Any]) -> Options:
        """Validate options as an action or a command line gives them, as `from_dict` does.

        A text says something: an empty one may be a variable that the shell does not know, and no
        machines are not all machines. And nothing is larger than any cloud. What is kept of an
        earlier plan is not held to this.

        Raises:
            BadInput: naming the parameter, its value and what is allowed.
        """
        found = cls.from_dict(raw)
        read = found.to_dict()
        for name, value in raw.items():
            if name in _MAY_BE_EMPTY and isinstance(value, str) and not read[name]:
                raise options_values.refusal(name, value, _MAY_BE_EMPTY[name])
            if name in COUNTS:
                options_values.number(name, value, 1, COUNTS[name])
        return found

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Options:
        """Validate options, also of a plan that was kept.

        Lists are lists or comma-separated strings; `juju run` reads values as YAML, so machines
        may also be a number, and everything a text with ``--string-args``. Missing options take
        their default.

        Raises:
            BadInput: naming the parameter, its value and what is allowed.
        """
        known = {field.name.replace("_", "-"): field for field in _fields(cls)}
        values: dict[str, Any] = {}
        for name, value in raw.items():
            if name not in known:
                raise BadInput("unknown-option", name=f"{name!r}", known=sorted(known))
            values[known[name].name] = _READERS[name](name, value)
        options = cls(**values, given=frozenset(raw))
        options.check()
        return options

    def check(self) -> None:
        """Refuse combinations that mean nothing.

        Raises:
            BadInput: naming the parameters.
        """
        if self.machines and self.availability_zones:
            raise BadInput("exclusive-options")
        if (self.machines or self.availability_zones) and self.group is not Group.HYPERVISORS:
            raise BadInput(
                "filter-without-hypervisors",
                group=self.group.value,
                plan=own_command("plan", group="hypervisors"),
            )
        if self.purge_before and not self.purge:
            raise BadInput("purge-before-without-purge", option=PlanOption("purge", True))


def _fields(options: Options | type[Options]) -> list[dataclasses.Field[Any]]:
    """Return the fields that are options."""
    return [field for field in dataclasses.fields(options) if field.name != "given"]


def _choice(kind: type[enum.Enum]) -> Any:
    def read(name: str, value: object) -> enum.Enum:
        try:
            return kind(value)
        except ValueError:
            raise options_values.refusal(
                name, value, " or ".join(str(one.value) for one in kind)
            ) from None

    return read


def _items(pattern: re.Pattern[str], allowed: str) -> Any:
    def read(name: str, value: object) -> tuple[str, ...]:
        several: list[Any] = [value]
        if isinstance(value, (list, tuple)):
            several = list(cast("list[Any]", value))
        if not all(isinstance(one, (str, int)) and not isinstance(one, bool) for one in several):
            raise options_values.refusal(name, cast("object", value), allowed)
        parts = [part for one in several for part in str(one).split(",")]
        found = [part.strip() for part in parts if part.strip()]
        for part in found:
            if not pattern.match(part):
                raise options_values.refusal(name, part, allowed)
        return tuple(sorted(set(found)))

    return read


def _date(name: str, value: object) -> str:
    text = str(value).strip()
    if not text:
        return ""
    # `strptime` reads the digits of all scripts; nova does not.
    for form in _DATES if text.isascii() else ():
        try:
            datetime.datetime.strptime(text, form)
        except ValueError:
            continue
        return text
    raise options_values.refusal(name, value, _MAY_BE_EMPTY["purge-before"])


def _counted(name: str, value: object) -> int:
    return options_values.number(name, value, 1, COUNTS[name], refuse_more=False)


# Texts and lists, which are empty where they were not given; what is allowed.
_MAY_BE_EMPTY = {
    "machines": "machine ids, separated by commas",
    "availability-zones": "names of availability zones, separated by commas",
    "skip-apps": "names of applications, separated by commas",
    "accept": "problems as code:subject, separated by commas",
    "purge-before": "a date as YYYY-MM-DD, YYYY-MM-DD HH:MM or YYYY-MM-DD HH:MM:SS",
}
# option -> the largest number that may be given
COUNTS: Mapping[str, int] = {"archive-batch-size": _ROWS, "max-parallel": MOST}
_READERS: dict[str, Any] = {
    "group": _choice(Group),
    "machines": _items(_MACHINE, _MAY_BE_EMPTY["machines"]),
    "availability-zones": _items(_ZONE, _MAY_BE_EMPTY["availability-zones"]),
    "skip-apps": _items(_NAME, _MAY_BE_EMPTY["skip-apps"]),
    "non-empty-hypervisors": _choice(NonEmpty),
    "backup": options_values.flag,
    "archive": options_values.flag,
    "archive-batch-size": _counted,
    "purge": options_values.flag,
    "purge-before": _date,
    "set-noout": options_values.flag,
    "strategy": _choice(Strategy),
    "max-parallel": _counted,
    "accept": _items(_ACCEPT, _MAY_BE_EMPTY["accept"]),
}
