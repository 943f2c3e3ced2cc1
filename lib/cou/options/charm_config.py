"""The charm's options as settings, checked: for the actions and for the command alike.

What a command line gives comes before what the charm's configuration says, and that before the
default. There is no second reading of either: action and command plan the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any
from urllib import parse

from ..errors import BadInput
from .options import Options
from .settings import LONGEST_S, MOST, OLDEST_S, Settings

_HOUR_S = 3600
# option -> (field of Settings, smallest value, largest, factor to the field's unit)
NUMBERS: Mapping[str, tuple[str, int, int, int]] = {
    "quiet-period": ("quiet_period_s", 0, LONGEST_S, 1),
    "hook-error-grace": ("hook_error_grace_s", 0, LONGEST_S, 1),
    "standard-idle-timeout": ("standard_idle_timeout_s", 1, LONGEST_S, 1),
    "long-idle-timeout": ("long_idle_timeout_s", 1, LONGEST_S, 1),
    "refresh-timeout": ("refresh_timeout_s", 1, LONGEST_S, 1),
    "max-parallel": ("max_parallel", 1, MOST, 1),
    "hypervisor-batch": ("hypervisor_batch", 0, MOST, 1),
    "backup-max-age": ("backup_max_age_s", 1, OLDEST_S // _HOUR_S, _HOUR_S),
}

# option -> field of Settings
TEXTS: Mapping[str, str] = {
    "landscape-mirror-uri": "landscape_mirror_uri",
    "landscape-apt-component": "landscape_apt_component",
}


def settings(
    config: Mapping[str, Any], application: str = "", given: Mapping[str, Any] | None = None
) -> Settings:
    """Check the options and return them as settings.

    Args:
        config: the charm's options by name, with the types that Juju gave them; empty where there
            is no charm.
        application: name of the charm's application, for the command that mends a failure.
        given: options of the same names on a command line; each comes before the charm's.

    Raises:
        BadInput: naming the first wrong option, its value and what is allowed.
    """
    source = _Source(config, application, given or {})
    fields: dict[str, Any] = {}
    for option, (field, smallest, largest, factor) in NUMBERS.items():
        value = source.value(option)
        if value is None:  # the charm was refreshed to a revision with fewer options
            continue
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not smallest <= value <= largest
        ):
            raise source.refuse(option, value, f"a whole number from {smallest} to {largest}")
        fields[field] = value * factor
    uri = str(source.value("landscape-mirror-uri") or "").strip()
    if uri and not _is_uri(uri):
        raise source.refuse("landscape-mirror-uri", uri, "a URI with http or https")
    component = str(source.value("landscape-apt-component") or "").strip()
    if any(character.isspace() for character in component):
        raise source.refuse("landscape-apt-component", component, "one word")
    return Settings(landscape_mirror_uri=uri, landscape_apt_component=component, **fields)


def options(raw: Mapping[str, Any], settings: Settings, beside: Collection[str] = ()) -> Options:
    """Return the options of a plan; what is not given and has a setting takes that.

    Args:
        raw: options of the `plan` action that were given, under their names there.
        beside: names of settings that were given with them.

    Raises:
        BadInput: naming the option, its value and what is allowed.
    """
    found = Options.of_given({"max-parallel": settings.max_parallel, **raw})
    return dataclasses.replace(found, given=frozenset(raw) | frozenset(beside))


class _Source:
    """Where the value of an option comes from, and who has to mend it."""

    def __init__(self, config: Mapping[str, Any], application: str, given: Mapping[str, Any]):
        self._config = config
        self._application = application
        self._given = given

    def value(self, option: str) -> Any:
        value = self._given.get(option)
        return self._config.get(option) if value is None else value

    def refuse(self, option: str, value: object, allowed: str) -> BadInput:
        if self._given.get(option) is not None:
            remedy = f"Give --{option}=VALUE."
        else:
            remedy = f"Run: juju config {self._application} {option}=VALUE"
        seen = f"The option {option}={value!r} is not {allowed}."
        return BadInput("bad-config", seen, remedy)


def _is_uri(text: str) -> bool:
    if any(character.isspace() for character in text):
        return False
    try:
        parts = parse.urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
