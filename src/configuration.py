"""The charm's options as settings of the engine, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib import parse

from cou.errors import BadInput
from cou.plan.settings import LONGEST_S, OLDEST_S, Settings

_HOUR_S = 3600
# option -> (field of Settings, smallest value, largest or None, factor to the field's unit)
_NUMBERS: Mapping[str, tuple[str, int, int | None, int]] = {
    "quiet-period": ("quiet_period_s", 0, LONGEST_S, 1),
    "hook-error-grace": ("hook_error_grace_s", 0, LONGEST_S, 1),
    "standard-idle-timeout": ("standard_idle_timeout_s", 1, LONGEST_S, 1),
    "long-idle-timeout": ("long_idle_timeout_s", 1, LONGEST_S, 1),
    "refresh-timeout": ("refresh_timeout_s", 1, LONGEST_S, 1),
    "max-parallel": ("max_parallel", 1, None, 1),
    "hypervisor-batch": ("hypervisor_batch", 0, None, 1),
    "backup-max-age": ("backup_max_age_s", 1, OLDEST_S // _HOUR_S, _HOUR_S),
}


def read(config: Mapping[str, Any], application: str) -> Settings:
    """Check the options and return them as settings.

    Args:
        config: options by name, with the types that Juju gave them.
        application: name of this application, for the command that mends a failure.

    Raises:
        BadInput: naming the first wrong option, its value and what is allowed.
    """
    fields: dict[str, Any] = {}
    for option, (field, smallest, largest, factor) in _NUMBERS.items():
        if option not in config:  # the charm was refreshed to a revision with fewer options
            continue
        value = config[option]
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not (smallest <= value and (largest is None or value <= largest))
        ):
            allowed = f"from {smallest} up" if largest is None else f"from {smallest} to {largest}"
            raise _refuse(application, option, value, f"a whole number {allowed}")
        fields[field] = value * factor
    uri = str(config.get("landscape-mirror-uri", "")).strip()
    if uri and not _is_uri(uri):
        raise _refuse(application, "landscape-mirror-uri", uri, "a URI with http or https")
    component = str(config.get("landscape-apt-component", "")).strip()
    if any(character.isspace() for character in component):
        raise _refuse(application, "landscape-apt-component", component, "one word")
    return Settings(landscape_mirror_uri=uri, landscape_apt_component=component, **fields)


def _is_uri(text: str) -> bool:
    if any(character.isspace() for character in text):
        return False
    try:
        parts = parse.urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _refuse(application: str, option: str, value: object, allowed: str) -> BadInput:
    return BadInput(
        "bad-config",
        f"The option {option}={value!r} is not {allowed}.",
        f"Run: juju config {application} {option}=<value>",
    )
