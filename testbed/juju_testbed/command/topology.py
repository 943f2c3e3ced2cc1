"""Units, relations and removals: add-unit, integrate, remove-..., resolved, expose."""

from __future__ import annotations

from typing import Any

from . import output
from .command import Command, Context, Parser, id_of_tag, unit_tag
from .deploying import placements
from .errors import CommandError, not_supported, usage


def _add_unit_arguments(parser: Parser) -> None:
    parser.add_argument("--attach-storage", action="append", default=[])
    parser.add_argument("-n", "--num-units", type=int, default=1)
    parser.add_argument("--to", default="")
    parser.add_argument("application")


def add_unit(context: Context) -> int:
    """Add units to an application."""
    options = context.options
    if options.num_units < 1:
        raise usage("--num-units must be a positive integer")
    if options.attach_storage:
        raise not_supported("add-unit --attach-storage")
    params = {
        "application": options.application,
        "num-units": options.num_units,
        "placement": placements(options.to),
    }
    context.model_api.call("Application", "AddUnits", params)
    return 0


def _removal(parser: Parser) -> None:
    for flag in ("--no-prompt", "--force", "--destroy-storage", "--no-wait", "--dry-run"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--num-units", type=int, default=0)
    parser.add_argument("names", nargs="+")


def _ask(context: Context, what: str) -> None:
    if context.options.dry_run:
        raise not_supported("--dry-run")
    if context.options.no_prompt:
        return
    output.info(f"WARNING This command will remove {what}.\n\nContinue [y/N]? ")
    try:
        answer = input()
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise CommandError("aborted")


def _how(context: Context) -> dict[str, bool]:
    return {
        "force": context.options.force,
        "destroy-storage": context.options.destroy_storage,
        "dry-run": False,
    }


def remove_application(context: Context) -> int:
    """Remove applications: their units run stop and remove."""
    _ask(context, f"applications {', '.join(context.options.names)}")
    for name in context.options.names:
        entry = {"application-tag": f"application-{name}", **_how(context)}
        result = context.model_api.one(
            "Application", "DestroyApplication", {"applications": [entry]}
        )
        output.info(f"will remove application {name}")
        for unit in (result.get("info") or {}).get("destroyed-units") or []:
            output.info(f"- will remove unit {id_of_tag(unit['tag'])}")
    return 0


def remove_unit(context: Context) -> int:
    """Remove units: they run stop and remove."""
    if context.options.num_units:
        raise usage("--num-units is for Kubernetes models only")
    _ask(context, f"units {', '.join(context.options.names)}")
    for name in context.options.names:
        entry = {"unit-tag": unit_tag(name), **_how(context)}
        context.model_api.one("Application", "DestroyUnit", {"units": [entry]})
        output.info(f"will remove unit {name}")
    return 0


def _relation_arguments(parser: Parser) -> None:
    parser.add_argument("--via", action="append", default=[])
    parser.add_argument("endpoints", nargs=2)


def integrate(context: Context) -> int:
    """Relate two applications."""
    context.model_api.call("Application", "AddRelation", {"endpoints": context.options.endpoints})
    return 0


def _resolved_arguments(parser: Parser) -> None:
    parser.add_argument("--no-retry", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("units", nargs="*")


def resolved(context: Context) -> int:
    """Mark hook errors as resolved; the hook runs again unless told otherwise."""
    options = context.options
    if bool(options.units) == options.all:
        raise usage("no unit specified" if not options.all else "specify either --all or units")
    params: dict[str, Any] = {
        "all": options.all,
        "retry": not options.no_retry,
        "tags": {"entities": [{"tag": unit_tag(name)} for name in options.units]},
    }
    answer = context.model_api.call("Application", "ResolveUnitErrors", params)
    errors = [r["error"]["message"] for r in answer.get("results") or [] if r.get("error")]
    if errors:
        raise CommandError("\n".join(errors))
    return 0


def _one_application(parser: Parser) -> None:
    parser.add_argument("application")


def expose(context: Context) -> int:
    """Expose an application."""
    params = {"application": context.options.application, "exposed-endpoints": {}}
    context.model_api.call("Application", "Expose", params)
    return 0


def _trust_arguments(parser: Parser) -> None:
    parser.add_argument("--remove", action="store_true")
    parser.add_argument("--scope", default="")  # of Kubernetes alone
    parser.add_argument("application")


def trust(context: Context) -> int:
    """Trust an application with the cloud's credentials, which nothing here has, or no more."""
    trusted = "false" if context.options.remove else "true"
    args = [{"application": context.options.application, "config": {"trust": trusted}}]
    context.model_api.one("Application", "SetConfigs", {"Args": args})
    return 0


def _two_ends(parser: Parser) -> None:
    parser.add_argument("--force", action="store_true")
    parser.add_argument("ends", nargs=2)


def remove_relation(context: Context) -> int:
    """Remove the relation between two applications."""
    params = {"endpoints": context.options.ends, "force": context.options.force}
    context.model_api.call("Application", "DestroyRelation", params)
    return 0


COMMANDS = {
    "add-unit": Command(
        "Adds one or more units to a deployed application.", add_unit, _add_unit_arguments
    ),
    "expose": Command("Makes an application publicly available.", expose, _one_application),
    "integrate": Command("Integrate two applications.", integrate, _relation_arguments),
    "remove-application": Command(
        "Remove applications from the model.", remove_application, _removal
    ),
    "remove-relation": Command(
        "Removes an existing relation between two applications.", remove_relation, _two_ends
    ),
    "remove-unit": Command("Remove application units from the model.", remove_unit, _removal),
    "resolved": Command(
        "Marks unit errors resolved and re-executes failed hooks.",
        resolved,
        _resolved_arguments,
    ),
    "trust": Command("Sets the trust status of a deployed application.", trust, _trust_arguments),
}
