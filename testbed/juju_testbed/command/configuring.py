"""config and model-config."""

from __future__ import annotations

import sys
from typing import Any

from . import output
from .command import Command, Context, Parser, key_value, names, read_text
from .errors import CommandError, usage


def _config_arguments(parser: Parser) -> None:
    parser.add_argument("--reset", action="append", default=[])
    parser.add_argument("--file", default="")
    parser.add_argument("application")
    parser.add_argument("words", nargs="*")


def config(context: Context) -> int:
    """Show, set or reset an application's options."""
    options = context.options
    application, words = options.application, options.words
    resets = [name for text in options.reset for name in names(text)]
    settings = [word for word in words if "=" in word]
    wanted = [word for word in words if "=" not in word]
    if settings and wanted:
        raise usage("cannot set and retrieve values simultaneously")
    if len(wanted) > 1:
        raise usage("can only retrieve a single value, or all values")
    values = {**_file(options.file, application), **_values(settings)}
    both = sorted(set(values) & set(resets))
    if both:
        raise usage(f'cannot set and reset key "{both[0]}" simultaneously')
    if resets:
        args = {"Args": [{"application": application, "options": resets, "branch": "master"}]}
        context.model_api.one("Application", "UnsetApplicationsConfig", args)
    if values:
        args = {"Args": [{"application": application, "config": values, "generation": "master"}]}
        context.model_api.one("Application", "SetConfigs", args)
    if not resets and not values:
        _show(context, application, wanted[0] if wanted else "")
    return 0


def _values(settings: list[str]) -> dict[str, str]:
    """Read key=value words; ``@file`` is a file's content."""
    values: dict[str, str] = {}
    for word in settings:
        key, value = key_value(word)
        if value.startswith("@"):
            try:
                value = read_text(value[1:])
            except OSError as error:
                raise CommandError(
                    f'cannot read option from file "{value[1:]}": {error}'
                ) from error
        values[key] = value
    return values


def _file(path: str, application: str) -> dict[str, str]:
    """Read options from a YAML file, as a mapping below the application's name."""
    if not path:
        return {}
    try:
        text = sys.stdin.read() if path == "-" else read_text(path)
    except OSError as error:
        raise CommandError(f"open {path}: {str(error.strerror).lower()}") from error
    import yaml

    content = yaml.safe_load(text)
    section = content.get(application) if isinstance(content, dict) else None
    if not isinstance(section, dict):
        raise CommandError(f'no settings found for "{application}"')
    return {str(key): _text(value) for key, value in section.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _show(context: Context, application: str, key: str) -> None:
    answer = context.model_api.call(
        "Application", "Get", {"application": application, "branch": "master"}
    )
    settings = answer.get("config") or {}
    if key:
        known = {**settings, **(answer.get("application-config") or {})}
        if key not in known:
            raise CommandError(
                f'key "{key}" not found in "{application}" application config or charm settings.'
            )
        value = known[key].get("value")
        # A single value is printed bare in the default format (cmd/juju/application/config.go).
        if value is not None:
            print(_text(value))
        return
    shown = {
        "application": answer.get("application", application),
        "application-config": _ordered(answer.get("application-config") or {}),
        "charm": answer.get("charm", ""),
        "settings": _ordered(settings),
    }
    output.write(context, shown)


def _ordered(settings: dict[str, Any]) -> dict[str, Any]:
    keys = ("default", "description", "source", "type", "value")
    return {
        name: {key: entry[key] for key in keys if key in entry}
        for name, entry in sorted(settings.items())
    }


def _model_config_arguments(parser: Parser) -> None:
    parser.add_argument("--reset", action="append", default=[])
    parser.add_argument("--file", default="")
    parser.add_argument("words", nargs="*")


def model_config(context: Context) -> int:
    """Show, set or reset the model's attributes."""
    options = context.options
    resets = [name for text in options.reset for name in names(text)]
    settings = [word for word in options.words if "=" in word]
    wanted = [word for word in options.words if "=" not in word]
    if settings and wanted:
        raise usage("cannot set and retrieve values simultaneously")
    if resets:
        context.model_api.call("ModelConfig", "ModelUnset", {"keys": resets})
    if settings:
        import yaml

        values = {key: yaml.safe_load(value) for key, value in map(key_value, settings)}
        context.model_api.call("ModelConfig", "ModelSet", {"config": values})
    if resets or settings:
        return 0
    answer = context.model_api.call("ModelConfig", "ModelGet")["config"]
    if wanted:
        if wanted[0] not in answer:
            raise CommandError(f'key "{wanted[0]}" not found in "{context.target[1].name}" model')
        print(_text(answer[wanted[0]]["value"]))
        return 0
    shown = {
        name: {"Value": entry["value"], "Source": entry["source"]}
        for name, entry in sorted(answer.items())
        if name not in ("name", "uuid", "type")
    }
    output.write(context, shown, _model_table)
    return 0


def _model_table(shown: dict[str, Any]) -> str:
    rows = [["Attribute", "From", "Value"]]
    rows += [[name, entry["Source"], _text(entry["Value"])] for name, entry in shown.items()]
    return output.table(rows)


COMMANDS = {
    "config": Command(
        "Get, set, or reset configuration for a deployed application.",
        config,
        _config_arguments,
        ("yaml", "json"),
    ),
    "model-config": Command(
        "Displays or sets configuration values on a model.",
        model_config,
        _model_config_arguments,
        ("tabular", "json", "yaml"),
    ),
}
