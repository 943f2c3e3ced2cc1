"""The command's process: runs the command line, and turns whatever ends it into an exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import sys
from collections.abc import Sequence

import click

from .. import printable
from ..errors import CouError
from ..wording import COMMAND_LINE
from . import exit_codes, os_errors
from .command_context import CommandContext
from .commands import cli
from .exit_codes import CommandEnded, CommandInterrupted, ExitCode
from .signals import HANGUP, Signals

logger = logging.getLogger("cou.cli")

# What a write to a terminal that is gone, or to a pipe that nobody reads, ends with.
_GONE = (errno.EPIPE, errno.EIO)


def run(arguments: Sequence[str], signals: Signals) -> ExitCode:
    """Run a command line and return its exit code; what there is to say is said."""
    # Else logging itself prints warnings on stderr where no log is kept: every error twice.
    logging.getLogger().addHandler(logging.NullHandler())
    # Nor may a log that cannot be written, on a full disk, bury what there is to say.
    logging.raiseExceptions = False
    _show_what_can_be_shown()
    app = CommandContext(signals)
    try:
        code = _run(arguments, app)
        if code is ExitCode.ERROR and app.screen.log_path is not None and not app.screen.lost:
            app.screen.show_always(f"Full execution log: '{app.screen.log_path}'")
        sys.stdout.flush()
        sys.stderr.flush()
    except SystemExit:  # how rich ends where nobody reads its pipe any more
        code = ExitCode.ERROR
    except OSError as error:  # what there is to say cannot be written
        if error.errno not in _GONE:
            with contextlib.suppress(OSError):
                sys.stderr.write(f"Error: the output cannot be written: {error.strerror}\n")
        code = ExitCode.ERROR
    return code


def _show_what_can_be_shown() -> None:
    """Have stdout take every text: what its encoding lacks is a question mark.

    A locale such as `en_US` without UTF-8 has no arrow and no ellipsis, and is no reason to end.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:  # it is none of a test's own
        reconfigure(errors="replace")


def _run(arguments: Sequence[str], app: CommandContext) -> ExitCode:
    try:
        cli.main(list(arguments), prog_name="cou", standalone_mode=False, obj=app)
    except CommandEnded as ended:
        return ended.code
    except CommandInterrupted as interrupted:
        if interrupted.number == HANGUP:
            app.screen.discard_output()
        else:
            app.screen.show_always(exit_codes.TERMINATED)
        return exit_codes.of_signal(interrupted.number)
    except click.ClickException as error:
        _show_usage(error)
        return ExitCode.USAGE
    except SystemExit as ended:  # the shell's completion ends so
        return ExitCode.ERROR if ended.code else ExitCode.DONE
    except CouError as error:
        return _fail(app, error)
    except OSError as error:
        if error.errno in _GONE or error.filename is None:
            raise
        return _fail(app, os_errors.of_file(error))
    except Exception as error:  # the boundary of the process: never another exit code
        logger.exception("a fault of cou itself")
        app.screen.error(f"Error: a fault of cou itself: {type(error).__name__}: {error}")
        app.screen.error("Please report it with the log.")
        return ExitCode.ERROR
    return ExitCode.DONE


def _show_usage(error: click.ClickException) -> None:
    """Show what is wrong with a command line; it quotes what was typed."""
    text = io.StringIO()
    error.show(text)
    quoted = text.getvalue().replace(error.message, printable.line(error.message))
    sys.stderr.write(printable.lines(quoted))


def _fail(app: CommandContext, error: CouError) -> ExitCode:
    app.screen.error(f"Error: {error.seen}")
    if error.remedy:
        app.screen.error(error.remedy.text_for(COMMAND_LINE))
    logger.debug("error %s", error.code)
    return ExitCode.ERROR
