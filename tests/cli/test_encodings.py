"""A terminal whose encoding lacks a character is shown all others, and nothing ends for it."""

from __future__ import annotations

import io
import sys

import pytest
from cou.cli import command_process
from cou.cli.exit_codes import ExitCode
from cou.cli.signals import Signals

TEXT = "Ψ ussuri → victoria…"
pytestmark = pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])


def shown(arguments, encoding, monkeypatch):
    """Run a command at a terminal of an encoding and return what is seen there."""
    seen = io.BytesIO()
    with monkeypatch.context() as patch, io.TextIOWrapper(seen, encoding=encoding) as stream:
        patch.setattr(sys, "stdout", stream)
        assert command_process.run(arguments, Signals()) is ExitCode.DONE
        stream.flush()
        return seen.getvalue().decode(
            encoding, "replace"
        )  # click writes UTF-8 where it is told of ASCII


def test_what_it_lacks_is_a_question_mark(encoding, monkeypatch):
    def command(arguments, *, obj, **_):
        obj.screen.show_progress(TEXT)
        obj.screen.show_always(TEXT)
        obj.screen.result(TEXT)

    monkeypatch.setattr(command_process.cli, "main", command)
    lines = shown([], encoding, monkeypatch).splitlines()
    assert lines == [TEXT if encoding == "utf-8" else "? ussuri ? victoria?"] * 3


@pytest.mark.parametrize("arguments", [["--help"], ["help", "plan"], ["plan", "--help"]])
def test_the_help_is_shown(encoding, arguments, monkeypatch):
    assert "Usage: cou" in shown(arguments, encoding, monkeypatch)
