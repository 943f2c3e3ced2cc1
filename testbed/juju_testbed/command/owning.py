"""add-model, destroy-model, model-constraints, set-model-constraints."""

from __future__ import annotations

from typing import Any

from . import output
from .command import Command, Context, Parser, key_value
from .errors import CommandError, not_supported, usage
from .store import ModelRef

_MEGABYTES = {"M": 1, "G": 1024, "T": 1024**2}
_NUMBERS = ("cores", "cpu-power")
_SIZES = ("mem", "root-disk")
_TEXTS = ("arch", "container", "instance-role", "instance-type", "virt-type", "image-id")
_LISTS = ("tags", "spaces", "zones")


def _add_arguments(parser: Parser) -> None:
    parser.add_argument("--no-switch", action="store_true")
    parser.add_argument("--config", action="append", default=[])
    parser.add_argument("--credential", default="")
    parser.add_argument("--owner", default="")
    parser.add_argument("-c", "--controller", default="")
    parser.add_argument("name")
    parser.add_argument("cloud", nargs="?", default="")


def add_model(context: Context) -> int:
    """Add a model and, unless told otherwise, switch to it."""
    options, store = context.options, context.store
    controller = store.controller(options.controller)
    if options.cloud not in ("", "testbed"):
        raise CommandError(f'cloud "{options.cloud}" not found')
    if options.credential:
        raise not_supported("--credential")
    owner = options.owner or store.account(controller.name).user
    params = {
        "name": options.name,
        "owner-tag": f"user-{owner}",
        "config": dict(key_value(text) for text in options.config),
        "cloud-tag": "cloud-testbed",
    }
    made = context.controller_api.call("ModelManager", "CreateModel", params)
    name = f"{owner}/{made['name']}"
    store.add_model(controller.name, ModelRef(name, made["uuid"]))
    if not options.no_switch:
        store.set_current(controller.name, name)
    output.info(f"Added '{made['name']}' model on testbed for user '{owner}'")
    return 0


def _destroy_arguments(parser: Parser) -> None:
    for flag in ("--no-prompt", "--destroy-storage", "--release-storage", "--force", "--no-wait"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-t", "--timeout", default="")
    parser.add_argument("name")


def destroy_model(context: Context) -> int:
    """Remove a model with all that is in it."""
    options = context.options
    controller, model = context.store.model(options.name)
    if not options.no_prompt:
        output.info(f'WARNING! This command will destroy the "{model.short_name}" model.')
        output.info("To continue, enter the name of the model to be destroyed: ")
        try:
            answer = input()
        except EOFError:
            answer = ""
        if answer.strip() != model.short_name:
            raise CommandError("aborted")
    params = {
        "models": [
            {
                "model-tag": f"model-{model.uuid}",
                "force": options.force,
                "destroy-storage": options.destroy_storage,
            }
        ]
    }
    context.controller_api.one("ModelManager", "DestroyModels", params)
    context.store.remove_model(controller.name, model.name)
    output.info("Model destroyed.")
    return 0


def model_constraints(context: Context) -> int:
    """Show the constraints of the model."""
    found = context.model_api.call("ModelConfig", "GetModelConstraints", {})["constraints"]
    output.write(context, found, lambda value: _text(value) + "\n" if value else "")
    return 0


def _text(constraints: dict[str, Any]) -> str:
    shown: list[str] = []
    for key, value in sorted(constraints.items()):
        text = ",".join(value) if isinstance(value, list) else str(value)
        shown.append(f"{key}={text}M" if key in _SIZES else f"{key}={text}")
    return " ".join(shown)


def _set_arguments(parser: Parser) -> None:
    parser.add_argument("constraints", nargs="*")


def set_model_constraints(context: Context) -> int:
    """Set the constraints of the model; those not named are unset."""
    pairs = [part for text in context.options.constraints for part in text.split() if part.strip()]
    constraints = dict(_constraint(*key_value(pair)) for pair in pairs)
    context.model_api.call(
        "ModelConfig", "SetModelConstraints", {"application": "", "constraints": constraints}
    )
    return 0


def _constraint(key: str, value: str) -> tuple[str, Any]:
    """Return a constraint as on the wire: sizes in megabytes."""
    if key in _TEXTS:
        return key, value
    if key in _LISTS:
        return key, value.split(",")
    number, unit = (value[:-1], value[-1:]) if value[-1:] in _MEGABYTES else (value, "M")
    if key in (*_NUMBERS, *_SIZES) and number.isdigit():
        return key, int(number) * (_MEGABYTES[unit] if key in _SIZES else 1)
    known = key in (*_NUMBERS, *_SIZES)
    raise usage(f'bad "{key}" constraint: {value}' if known else f'unknown constraint "{key}"')


COMMANDS = {
    "add-model": Command("Adds a workload model.", add_model, _add_arguments, of_model=False),
    "destroy-model": Command(
        "Terminate all machines and resources for a non-controller model.",
        destroy_model,
        _destroy_arguments,
        of_model=False,
    ),
    "model-constraints": Command(
        "Displays machine constraints for a model.",
        model_constraints,
        formats=("constraints", "yaml", "json"),
    ),
    "set-model-constraints": Command(
        "Sets machine constraints on a model.", set_model_constraints, _set_arguments
    ),
}
