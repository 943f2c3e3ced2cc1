"""deploy: charms of the store, charms from a directory, bundles."""

from __future__ import annotations

import argparse
import pathlib
import zipfile
from typing import Any

import yaml

from . import output
from .client import checked
from .command import Command, Context, Parser, key_value, names
from .errors import CommandError, not_supported, usage

RISKS = ("stable", "candidate", "beta", "edge")
SERIES = {"18.04": "bionic", "20.04": "focal", "22.04": "jammy", "24.04": "noble"}
DEFAULT_BASE = "ubuntu@22.04"


def _deploy_arguments(parser: Parser) -> None:
    for flag in ("--base", "--channel", "--to", "--series"):
        parser.add_argument(flag, default="")
    for flag in ("--config", "--constraints", "--overlay", "--resource", "--storage", "--bind",
                 "--attach-storage"):  # fmt: skip
        parser.add_argument(flag, action="append", default=[])
    parser.add_argument("-n", "--num-units", type=int, default=1)
    parser.add_argument("--revision", type=int, default=None)
    for flag in ("--trust", "--force", "--dry-run"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("charm")
    parser.add_argument("application", nargs="?", default="")


def deploy(context: Context) -> int:
    """Deploy a bundle file, a charm directory, or a charm of the store."""
    options = context.options
    if options.charm.startswith("cs:"):
        raise CommandError(
            f'"{options.charm}" is a Charm Store URL; the Charm Store is no longer supported'
        )
    for flag, given in (("--overlay", options.overlay), ("--dry-run", options.dry_run)):
        if given:
            raise not_supported(f"deploy {flag}")
    path = pathlib.Path(options.charm)
    looks_local = options.charm.startswith((".", "/")) or options.charm.endswith(
        (".yaml", ".charm")
    )
    if looks_local and not path.exists():
        raise CommandError(f'no charm was found at "{options.charm}"')
    if path.is_file() and options.charm.endswith(".charm"):
        return _local(context, path)
    if path.is_file():
        return _bundle(context, path)
    if path.is_dir() and looks_local:
        return _local(context, path)
    return _from_store(context)


def _bundle(context: Context, path: pathlib.Path) -> int:
    try:
        text = path.read_text(encoding="utf-8")
        content = next(iter(yaml.safe_load_all(text)), None)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CommandError(
            f"cannot deploy bundle: cannot unmarshal bundle contents: {error}"
        ) from error
    if not isinstance(content, dict) or not ("applications" in content or "services" in content):
        raise CommandError(f'"{path}" is not a bundle: it has no applications')
    context.model_api.call("Testbed", "DeployBundle", {"bundle": text})
    output.info("Deploy of bundle completed.")
    return 0


def placements(text: str) -> list[dict[str, str]]:
    """Read ``--to``: ``3``, ``lxd:3``, ``lxd``; several separated by commas."""
    places = []
    for one in names(text):
        scope, colon, directive = one.partition(":")
        if colon:
            places.append({"scope": scope, "directive": directive})
        elif one in ("lxd", "kvm"):
            places.append({"scope": one, "directive": ""})
        else:
            places.append({"scope": "#", "directive": one})
    return places


def config_of(arguments: list[str], application: str) -> dict[str, str]:
    """Read ``--config``: ``key=value``, or a YAML file with the application's options."""
    values: dict[str, str] = {}
    for argument in arguments:
        if "=" in argument:
            key, value = key_value(argument)
            values[key] = pathlib.Path(value[1:]).read_text() if value.startswith("@") else value
            continue
        content = yaml.safe_load(pathlib.Path(argument).read_text(encoding="utf-8"))
        section = (content or {}).get(application)
        if not isinstance(section, dict):
            raise CommandError(f'no settings found for "{application}" in {argument}')
        for key, value in section.items():
            values[str(key)] = str(value).lower() if isinstance(value, bool) else str(value)
    return values


def _local(context: Context, path: pathlib.Path) -> int:
    options = context.options
    name = options.application or _charm_name(path)
    answer = context.model_api.call(
        "Testbed",
        "DeployLocalCharm",
        {
            "path": str(path.resolve()),
            "application": name,
            "config": config_of(options.config, name),
            "placement": placements(options.to),
            "num-units": options.num_units,
            "series": _series(options),
            "trust": options.trust,
        },
    )
    output.info(
        f'Located local charm "{answer["name"]}", revision {answer["revision"]}\n'
        f'Deploying "{name}" from local charm "{answer["name"]}", '
        f"revision {answer['revision']} on {options.base or DEFAULT_BASE}/stable"
    )
    return 0


def _charm_name(path: pathlib.Path) -> str:
    if path.is_file():
        content = _packed_metadata(path)
        if isinstance(content, dict) and content.get("name"):
            return str(content["name"])
    for file_name in ("metadata.yaml", "charmcraft.yaml"):
        file = path / file_name
        content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
        if isinstance(content, dict) and content.get("name"):
            return str(content["name"])
    raise CommandError(f'no charm was found at "{path}"')


def _packed_metadata(path: pathlib.Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            return yaml.safe_load(archive.read("metadata.yaml"))
    except (zipfile.BadZipFile, KeyError, yaml.YAMLError):
        return None


def _series(options: argparse.Namespace) -> str:
    if options.series:
        return str(options.series)
    if not options.base:
        return ""
    version = options.base.rpartition("@")[2].split("/")[0]
    if version not in SERIES:
        raise usage(f'invalid value "{options.base}" for option --base: unknown base')
    return SERIES[version]


def channel_origin(channel: str, series: str) -> dict[str, Any]:
    """Return an origin with a channel and a base, and no id or revision."""
    parts = channel.split("/") if channel else ["latest", "stable"]
    if parts[0] in RISKS:
        parts.insert(0, "latest")
    versions = {name: version for version, name in SERIES.items()}
    return {
        "source": "charm-hub",
        "type": "charm",
        "track": parts[0],
        "risk": parts[1] if len(parts) > 1 else "stable",
        "branch": parts[2] if len(parts) > 2 else None,
        "architecture": "amd64",
        "base": {"name": "ubuntu", "channel": versions.get(series, series)},
    }


def resolve(context: Context, reference: str, origin: dict[str, Any]) -> dict[str, Any]:
    """Have the controller pick a revision and fetch it; return ``url`` and ``charm-origin``."""
    request = {"resolve": [{"reference": reference, "charm-origin": origin}]}
    answer = context.model_api.call("Charms", "ResolveCharms", request)
    found = checked(answer["Results"])[0]  # a capital letter: it has no JSON tag in Go
    added = context.model_api.call(
        "Charms",
        "AddCharm",
        {"url": found["url"], "charm-origin": found["charm-origin"], "force": False},
    )
    merged = added.get("charm-origin") or found["charm-origin"]
    return {"url": found["url"], "charm-origin": merged}


def _from_store(context: Context) -> int:
    options = context.options
    name = options.application or options.charm.removeprefix("ch:")
    origin = channel_origin(options.channel, _series(options) or "jammy")
    if options.revision is not None:
        origin["revision"] = options.revision
    found = resolve(context, f"ch:{options.charm.removeprefix('ch:')}", origin)
    request = {
        "application": name,
        "charm-url": found["url"],
        "charm-origin": found["charm-origin"],
        "config": config_of(options.config, name),
        "num-units": options.num_units,
        "placement": placements(options.to),
    }
    context.model_api.one("Application", "Deploy", {"applications": [request]})
    revision = found["url"].rpartition("-")[2]
    where = f"channel {origin['track']}/{origin['risk']} on {options.base or DEFAULT_BASE}/stable"
    charm = options.charm
    output.info(
        f'Deploying "{name}" from charm-hub charm "{charm}", revision {revision} in {where}'
    )
    return 0


COMMANDS = {
    "deploy": Command("Deploys a new application or bundle.", deploy, _deploy_arguments),
}
