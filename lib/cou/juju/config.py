"""Options of charms and of the model, annotations, and errors to resolve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .port import ConfigValue
from .request import Requester


async def charm_config(
    requester: Requester, applications: Sequence[str]
) -> dict[str, dict[str, ConfigValue]]:
    """Read the options of applications, in one call however many there are."""
    if not applications:
        return {}
    entities = [{"tag": f"application-{name}"} for name in applications]
    reply = await requester.read("Application", "GetConfig", {"entities": entities})
    found: dict[str, dict[str, ConfigValue]] = {}
    for name, result in zip(applications, reply.results(len(applications)), strict=True):
        options = result.good(name).table("config")
        found[name] = {
            key: ConfigValue(option.field("value"), option.text("source") == "user")
            for key, option in options.items()
        }
    return found


async def model_config(requester: Requester) -> dict[str, Any]:
    """Read the model's configuration, without where each value comes from."""
    reply = await requester.read("ModelConfig", "ModelGet", {})
    return {name: value.field("value") for name, value in reply.table("config").items()}


async def set_config(requester: Requester, application: str, values: Mapping[str, str]) -> None:
    """Set options of a charm."""
    wanted = {"application": application, "config": dict(values)}
    reply = await requester.change("Application", "SetConfigs", {"Args": [wanted]})
    reply.only(application)


async def read_annotations(requester: Requester, tag: str) -> dict[str, str]:
    """Read the annotations of an entity."""
    reply = await requester.read("Annotations", "Get", {"entities": [{"tag": tag}]})
    found = reply.only(tag).at("annotations")
    return {key: found.text(key) for key in found.value}


async def set_annotations(requester: Requester, tag: str, values: Mapping[str, str]) -> None:
    """Set annotations of an entity; an empty value removes the key."""
    wanted = {"entity": tag, "annotations": dict(values)}
    reply = await requester.change("Annotations", "Set", {"annotations": [wanted]})
    # Set answers with errors only, and with none at all where all went well.
    for result in reply.each("results"):
        result.good(tag)
