"""The verbs, as click reads them.

What asks the controller, or draws, is imported by the verbs that do: the others begin sooner.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import BashComplete

import cou

from ..control.control import Control
from ..errors import CouError
from ..journal.records import Limit
from ..options.settings import MOST
from ..process.access import Access
from ..show.view import View
from ..wording import COMMAND_LINE, PLAN, STATUS, UPGRADE, ActionStyle, join
from . import plan_options, prompt
from .command_context import CommandContext, not_empty, verb
from .exit_codes import MEANINGS, CommandEnded, ExitCode
from .location import RunLocation

_EPILOG = """\b
Examples:
  cou plan                              show what would be done; changes nothing
  cou upgrade                           plan, ask, and do it, with a question per application
  cou upgrade --auto-approve            the same without questions
  cou plan hypervisors --az zone-1      one zone of hypervisors only
  cou status                            where the upgrade is
  cou upgrade                           go on after a stop

\b
ctrl+c during an upgrade finishes the running steps and stops; twice stops at once.

\b
Exit codes:
""" + "".join(f"  {code:<6}{meaning}\n" for code, meaning in MEANINGS.items())


class _InOrder(click.Group):
    """Lists the verbs in the order in which one comes to need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_InOrder,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 99},
)
@click.version_option(cou.__version__, prog_name="cou")
def cli() -> None:
    """Upgrade a Charmed OpenStack to its next release; stop it safely, and resume it.

    Works on the unit of the charm cou, and on a workstation with the data of a Juju client.
    """


@cli.command("plan")
@plan_options.plan_options
@verb("text", "json", "markdown")
def plan_command(app: CommandContext, form: str, **given: Any) -> None:
    """Show what upgrade would do, and all problems. Changes nothing."""
    from . import planning

    settings = plan_options.settings(given)
    options = plan_options.options(given)
    where = app.find_location(settings, log=True)
    seen = where.control().view()
    # What is left of a run is shown from the journal, whatever Juju there is.
    left = seen is not None and seen.unfinished
    shown = planning.plan(app.screen, where, options, any_version=left).shown
    if shown.message:
        app.screen.show_progress(shown.message)
    text = shown.text(form, COMMAND_LINE).rstrip("\n")
    app.screen.result(text if form == "json" else app.screen.wrapped(text))
    if shown.plan.blocking:
        raise CommandEnded(ExitCode.ERROR)
    if form == "text":
        app.screen.show_progress("The plan is made anew when `cou upgrade` is run.")


@cli.command("upgrade")
@plan_options.plan_options
@click.option("--auto-approve", is_flag=True, help="Ask nothing.")
@click.option(
    "--plan",
    "plan_hash",
    metavar="HASH",
    callback=not_empty,
    help="Refuse any other plan.",
)
@click.option(
    "--until",
    metavar="TIME",
    help="Begin nothing that may end later; HH:MM (the next one) or a date, UTC.",
)
@verb("text", "json")
def upgrade_command(
    app: CommandContext,
    form: str,
    auto_approve: bool,
    plan_hash: str | None,
    until: str | None,
    **given: Any,
) -> None:
    """Plan, show, ask and do it; or go on after a stop.

    Asks before it begins, and before each application and each zone of hypervisors.
    """
    from . import upgrade

    settings = plan_options.settings(given)
    options = plan_options.options(given)
    wish = upgrade.UpgradeOptions(auto_approve, plan_hash, plan_options.until(until))
    if not auto_approve and not prompt.possible():
        raise click.UsageError(
            "There is no terminal to ask at. Give --auto-approve to upgrade without questions."
        )
    where = app.find_location(settings, log=True)
    _end(upgrade.upgrade(app.screen, where, options, wish))


@cli.command("upgrade-step")
@click.option(
    "--granularity",
    type=click.Choice(["application", "step"]),
    default="application",
    show_default=True,
    help="A zone of hypervisors, and a step of the whole cloud, count as an application.",
)
@click.option("--count", type=click.IntRange(1, MOST), default=1, show_default=True)
@click.option(
    "--expect",
    default="",
    metavar="STEP",
    callback=not_empty,
    help="Refuse if anything else is next.",
)
@verb("text", "json")
def step_command(
    app: CommandContext, form: str, granularity: str, count: int, expect: str
) -> None:
    """Do the next part of the plan shown last, then stop."""
    from . import planning

    where = app.find_location(log=True)
    access = planning.connect(app.screen, where)
    control = where.control()
    seen = control.view()
    before = seen if seen is not None and seen.unfinished else None
    started = control.start(access, where.settings(), limit=Limit(granularity, count, expect))
    app.screen.show_progress(started.message)
    _follow(app, where, before)


@cli.command("attach")
@verb("text", "json")
def attach_command(app: CommandContext, form: str) -> None:
    """Follow a run that is going on; ctrl+c stops it safely."""
    where = app.find_location()
    seen = _must_have_run(where)
    if not seen.state.going:
        raise CouError(
            "not-running",
            f"Nothing is running: run {seen.run} is {seen.state.value}.",
            join("To see where it is: ", STATUS)
            if seen.state.finished
            else join("To go on: ", UPGRADE),
        )
    _follow(app, where, seen)


@cli.command("status")
@verb("text", "json")
def status_command(app: CommandContext, form: str) -> None:
    """Show where the run is and what it waits for.

    Also what is next, how long it may take, and what is switched for now.
    """
    seen = _must_have_run(app.find_location())
    if form == "json":
        app.screen.result(json.dumps(seen.to_dict(COMMAND_LINE), indent=2))
    else:
        app.screen.result(seen.to_text(COMMAND_LINE))


@cli.command("cancel")
@click.option("--force", is_flag=True, help="Kill the runner now; the running steps are in doubt.")
@verb()
def cancel_command(app: CommandContext, force: bool) -> None:
    """Let the running steps finish and begin no other."""
    where = app.find_running_location()
    control = where.control()
    if force:
        forced = control.force(control.account())
        app.screen.result(forced.message)
        where.notify_charm()  # whose supervisor would have done it is gone
        return
    app.screen.result(control.cancel().message)


@cli.command("abandon")
@verb("text", "json")
def abandon_command(app: CommandContext, form: str) -> None:
    """End a stopped run for good; put back what it switched."""
    _put_back(app, lambda control, access: control.abandon(access).message, for_good=True)


@cli.command("restore")
@verb("text", "json")
def restore_command(app: CommandContext, form: str) -> None:
    """Put back what a stopped run switched; the run stays."""
    _put_back(app, lambda control, access: control.restore(access).message)


@cli.command("resolve-step")
@click.argument("step")
@click.option(
    "--as",
    "resolution",
    type=click.Choice(["done", "retry", "skip"]),
    required=True,
    help="It is done, is to be tried again, or is left out.",
)
@click.option("--reason", required=True, help="Kept in the journal and in the report.")
@verb()
def resolve_command(app: CommandContext, step: str, resolution: str, reason: str) -> None:
    """Declare what became of a step that failed or is in doubt."""
    if not reason.strip():
        raise click.UsageError("--reason must not be empty.")
    where = app.find_location()
    _must_have_run(where)
    resolved = where.control().resolve_step(step, resolution, reason.strip())
    app.screen.result(resolved.message)
    where.notify_charm()


@cli.command("report")
@verb("markdown", "json", "html")
def report_command(app: CommandContext, form: str) -> None:
    """Give the report of the last run."""
    where = app.find_location()
    _must_have_run(where)
    app.screen.result(where.control().report(form).text.rstrip("\n"))


@cli.command("snapshot")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="Write it to this new file instead of the terminal.",
)
@verb("json")
def snapshot_command(app: CommandContext, form: str, output: pathlib.Path | None) -> None:
    """Take a snapshot of the model for a rehearsal. Reads only.

    It holds applications, channels, versions, machines and options that a plan reads; no secrets.
    """
    from . import snapshot

    text = snapshot.take(app.screen, app.find_location())
    if output is None:
        app.screen.result(text.rstrip("\n"))
        return
    snapshot.write(text, output)
    app.screen.show_progress(f"Written to {output}. To rehearse: make demo CLOUD={output}")


@cli.command("completion")
@click.argument("shell", type=click.Choice(["bash"]), default="bash")
def completion_command(shell: str) -> None:
    """Print the script for completion in bash."""
    click.echo(BashComplete(cli, {}, "cou", "_COU_COMPLETE").source())


@cli.command("help")
@click.argument("command", required=False)
@click.pass_context
def help_command(context: click.Context, command: str | None) -> None:
    """Show this help, or that of a command."""
    parent = context.parent or context
    found = cli.get_command(parent, command) if command else cli
    if found is None:
        raise click.UsageError(f"There is no command {command!r}.")
    if found is cli:
        click.echo(cli.get_help(parent))
        return
    with click.Context(found, info_name=found.name, parent=parent) as inner:
        click.echo(found.get_help(inner))


def _put_back(
    app: CommandContext, begin: Callable[[Control, Access], str], *, for_good: bool = False
) -> None:
    """Begin what puts marks back in the background, and follow it to its end."""
    from . import planning

    where = app.find_location(log=True)
    seen = _must_have_run(where)
    access = planning.connect(app.screen, where, any_version=for_good)
    control = where.control()
    app.screen.show_progress(begin(control, access))
    _follow(app, where, seen)


def _follow(app: CommandContext, run_location: RunLocation, seen: View | None) -> None:
    """Show a run until it ends or is left; end as it did."""
    from . import upgrade
    from .follow import Follower

    followed = Follower(app.screen, run_location.paths, run_location.control(), seen).follow()
    _end(upgrade.conclude(app.screen, followed, limited=True))


def _must_have_run(run_location: RunLocation) -> View:
    seen = run_location.control().view(estimated=True)
    if seen is not None:
        return seen
    about = "" if run_location.on_unit else f" for the model '{run_location.model}'"
    raise CouError(
        "no-run",
        f"Nothing was ever planned or run here{about}.",
        join("To begin: ", PLAN)
        if run_location.on_unit
        else join("To begin: `", PLAN, "`; or, if the model has the charm cou: `", _THERE, "`."),
    )


_THERE = ActionStyle("cou/leader").command(STATUS)


def _end(code: ExitCode) -> None:
    if code is not ExitCode.DONE:
        raise CommandEnded(code)
