"""refresh: another revision, channel or charm, from the store or from a directory."""

from __future__ import annotations

import pathlib

from . import output
from .command import Command, Context, Parser
from .deploying import SERIES, channel_origin, config_of, resolve
from .errors import CommandError, usage


def _refresh_arguments(parser: Parser) -> None:
    for flag in ("--base", "--channel", "--path", "--switch"):
        parser.add_argument(flag, default="")
    for flag in ("--config", "--resource", "--storage", "--bind"):
        parser.add_argument(flag, action="append", default=[])
    parser.add_argument("--revision", type=int, default=None)
    for flag in ("--trust", "--force", "--force-base", "--force-units"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("application")


def refresh(context: Context) -> int:
    """Give an application another revision, channel or charm."""
    options = context.options
    if options.path and (options.switch or options.channel):
        raise usage("--switch and --path are mutually exclusive" if options.switch else
                    "--channel and --path are mutually exclusive")  # fmt: skip
    config = config_of(options.config, options.application)
    if options.path:
        path = pathlib.Path(options.path)
        if not path.exists():
            raise CommandError(f'no charm was found at "{options.path}"')
        request = {"path": str(path.resolve()), "application": options.application}
        answer = context.model_api.call(
            "Testbed", "RefreshLocalCharm", {**request, "config": config}
        )
        name, revision = answer["name"], answer["revision"]
        output.info(f'Added local charm "{name}", revision {revision}, to the model')
        return 0
    return _refresh_from_store(context, config)


def _refresh_from_store(context: Context, config: dict[str, str]) -> int:
    options, api = context.options, context.model_api
    current = api.call("Application", "GetCharmURLOrigin", {"application": options.application})
    url, before = current["url"], current["charm-origin"]
    if url.startswith("local:") and not options.switch:
        raise CommandError(
            f'cannot refresh local charm "{url}" from the store: use --path, or --switch'
        )
    base = (before.get("base") or {}).get("channel", "").split("/")[0]
    channel = (
        options.channel or f"{before.get('track') or 'latest'}/{before.get('risk') or 'stable'}"
    )
    origin = channel_origin(channel, SERIES.get(base, base))
    if options.revision is not None:
        origin["revision"] = options.revision
    name = (options.switch or url.rpartition("/")[2].rpartition("-")[0]).removeprefix("ch:")
    found = resolve(context, f"ch:{name}", origin)
    same_channel = (before.get("track"), before.get("risk")) == (origin["track"], origin["risk"])
    if found["url"] == url and same_channel:
        output.info(f'charm "{name}": already up-to-date')
        return 0
    api.call(
        "Application",
        "SetCharm",
        {
            "application": options.application,
            "charm-url": found["url"],
            "charm-origin": found["charm-origin"],
            "channel": f"{origin['track']}/{origin['risk']}",
            "config-settings": config,
            "force": options.force,
        },
    )
    revision = found["url"].rpartition("-")[2]
    where = f"channel {origin['track']}/{origin['risk']}"
    output.info(f'Added charm-hub charm "{name}", revision {revision} in {where}, to the model')
    return 0


COMMANDS = {
    "refresh": Command("Refresh an application's charm.", refresh, _refresh_arguments),
}
