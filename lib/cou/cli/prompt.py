"""A question with yes or no, at a terminal, during which signals are heard."""

from __future__ import annotations

import select
import sys
import termios

from .exit_codes import CommandInterrupted
from .screen import Screen
from .signals import HANGUP

CONTINUE = "Would you like to start the upgrade? Continue (y/N): "
_LOOK_S = 0.1


def possible() -> bool:
    """Whether somebody can answer."""
    return sys.stdin is not None and sys.stdin.isatty()  # pyright: ignore[reportUnnecessaryComparison]


def ask(screen: Screen, question: str = CONTINUE) -> bool:
    """Ask until the answer is yes or no; nothing, or the end of the input, is no.

    What was typed before the question is dropped: it was no answer to it.

    Raises:
        CommandInterrupted: a signal came first.
    """
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    while True:
        screen.console.print(question, end="", soft_wrap=True)
        screen.console.file.flush()
        answer = _line(screen).strip().lower()
        if answer in ("y", "yes"):
            return True
        if answer in ("", "n", "no"):
            return False
        screen.show_always("Please answer y or n.")


def _line(screen: Screen) -> str:
    while True:
        number = screen.signals.take()
        if number is not None:
            if number != HANGUP:
                screen.show_always("")
            raise CommandInterrupted(number)
        ready, _, _ = select.select([sys.stdin], [], [], _LOOK_S)
        if ready:
            try:
                return sys.stdin.readline()
            except OSError:  # the terminal is gone
                raise CommandInterrupted(HANGUP) from None
