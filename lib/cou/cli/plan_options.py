"""The options that `plan` and `upgrade` share: the peer's names, and ours for the same."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ..clock import utc_now
from ..control import until as until_time
from ..errors import BadInput
from ..options import charm_config
from ..options.options import COUNTS, Group, NonEmpty, Options, Strategy
from ..wording import COMMAND_LINE

F = TypeVar("F", bound=Callable[..., Any])

_GROUPS = [group.value for group in Group]
# Option of the charm, environment variable (the peer's, where it has one), help.
_SETTINGS = (
    (
        "standard-idle-timeout",
        "COU_STANDARD_IDLE_TIMEOUT",
        "Seconds without progress after which most waits fail.",
    ),
    (
        "long-idle-timeout",
        "COU_LONG_IDLE_TIMEOUT",
        "The same where a charm upgrades its units in its hooks.",
    ),
    (
        "quiet-period",
        "COU_QUIET_PERIOD",
        "Seconds of quiet that end a wait after a change.",
    ),
    (
        "hypervisor-batch",
        "COU_HYPERVISOR_BATCH",
        "Hosts of a zone at once; 0 for all.",
    ),
)
# Both are needed for origins to be lines of a mirror.
_MIRROR = (
    ("landscape-mirror-uri", "LANDSCAPE_MIRROR_URI"),
    ("landscape-apt-component", "LANDSCAPE_APT_COMPONENT"),
)

# Where the value of an option comes from that nobody has given.
_NOBODY = (None, ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
_LISTS = ("skip_apps", "machines", "availability_zones", "accept")
_SEVERAL: Any = {"multiple": True, "metavar": "NAME[,NAME…]"}


def plan_options(function: F) -> F:
    """Add the group and the options of a plan to a command."""
    every = [*_preparing(), *_of_hypervisors(), *_at_what_pace(), *_settings()]
    for decorate in reversed(every):
        function = decorate(function)
    return function


def _preparing() -> list[Callable[[Any], Any]]:
    return [
        click.argument("group", type=click.Choice(_GROUPS), default=Group.ALL.value),
        click.option("--backup/--no-backup", default=True, help="Dump every database first."),
        click.option(
            "--archive/--no-archive", default=True, help="Archive deleted rows of nova first."
        ),
        click.option(
            "--archive-batch-size",
            type=click.IntRange(1, COUNTS["archive-batch-size"]),
            default=1000,
            help="Rows per batch of the archive.",
        ),
        click.option("--purge", is_flag=True, help="Purge nova's shadow tables first."),
        click.option(
            "--purge-before-date",
            "--purge-before",
            "purge_before",
            metavar="DATE",
            help="Purge only what is older; YYYY-MM-DD [HH:MM[:SS]]. Needs --purge.",
        ),
        click.option(
            "--set-noout/--no-set-noout", default=False, help="Set noout while Ceph is upgraded."
        ),
        click.option("--skip-apps", **_SEVERAL, help="Leave these applications out."),
    ]


def _of_hypervisors() -> list[Callable[[Any], Any]]:
    return [
        click.option(
            "--non-empty-hypervisors",
            type=click.Choice([one.value for one in NonEmpty]),
            default=NonEmpty.SKIP.value,
            help="What happens to hypervisors that run instances.",
        ),
        click.option(
            "--force",
            is_flag=True,
            help="The same as --non-empty-hypervisors=upgrade. Nothing else is forced.",
        ),
        click.option(
            "--machine", "-m", "--machines", "machines", **_SEVERAL, help="Only with hypervisors."
        ),
        click.option(
            "--availability-zone",
            "--az",
            "--availability-zones",
            "availability_zones",
            **_SEVERAL,
            help="Only with hypervisors.",
        ),
    ]


def _at_what_pace() -> list[Callable[[Any], Any]]:
    return [
        click.option(
            "--strategy",
            type=click.Choice([one.value for one in Strategy]),
            default=Strategy.ALL_IN_ONE.value,
            help="Units of an application together, or one after another.",
        ),
        click.option(
            "--max-parallel",
            type=click.IntRange(1, COUNTS["max-parallel"]),
            help="Units at work at once.",
        ),
        click.option(
            "--accept",
            multiple=True,
            metavar="CODE:SUBJECT",
            help="Take on a problem that the plan calls acceptable.",
        ),
    ]


def _settings() -> list[Callable[[Any], Any]]:
    numbers = [
        click.option(
            f"--{name}",
            type=click.IntRange(*charm_config.NUMBERS[name][1:3]),
            envvar=variable,
            show_envvar=True,
            help=text,
        )
        for name, variable, text in _SETTINGS
    ]
    return numbers + [
        click.option(f"--{name}", envvar=variable, show_envvar=True, help="Of a Landscape mirror.")
        for name, variable in _MIRROR
    ]


def settings(given: dict[str, Any]) -> dict[str, Any]:
    """Take the settings that were given out of a command's parameters, by their names."""
    names = [name for name, *_ in (*_SETTINGS, *_MIRROR)]
    fields = {name: given.pop(name.replace("-", "_")) for name in names}
    return {name: value for name, value in fields.items() if value is not None}


def options(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of `plan` that were given, by their names; they are checked.

    Raises:
        click.UsageError: they do not go together, or a value is not allowed.
    """
    source = click.get_current_context().get_parameter_source
    raw: dict[str, Any] = {
        name.replace("_", "-"): ",".join(map(str, value)) if name in _LISTS else value
        for name, value in given.items()
        if source(name) not in _NOBODY
    }
    if raw.pop("force", False):
        raw["non-empty-hypervisors"] = NonEmpty.UPGRADE.value
    try:
        Options.of_given(raw)
    except BadInput as error:
        raise _usage(error) from None
    return raw


def until(text: str | None) -> datetime.datetime | None:
    """Return the time of ``--until``, None where it was not given.

    Raises:
        click.UsageError: it is no such time.
    """
    if text is None:
        return None
    try:
        return until_time.read(text, utc_now(), "--until")
    except BadInput as error:
        raise _usage(error) from None


def _usage(error: BadInput) -> click.UsageError:
    return click.UsageError(error.text_for(COMMAND_LINE))
