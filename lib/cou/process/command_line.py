"""The command line of supervisor and runner: written by who starts one, read by it."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from .paths import Place

if TYPE_CHECKING:
    import argparse


def arguments(place: Place, token: int, log: pathlib.Path | None = None) -> list[str]:
    """Return the command line of supervisor and runner."""
    given = [*folders(place), "--token", str(token)]
    return [*given, "--log", str(log)] if log is not None else given


def folders(place: Place) -> list[str]:
    """Return the part of the command line that is the same for every attempt."""
    given = ["--home", str(place.home), "--run-dir", str(place.run_dir)]
    if place.charm_dir is not None:
        given += ["--unit", place.unit, "--charm-dir", str(place.charm_dir)]
    if place.service:
        given += ["--service", place.service]
    return given


def parse(argv: list[str]) -> tuple[Place, int, pathlib.Path | None]:
    """Read what `arguments` wrote: place, token, and the log if stderr is not."""
    parser = _parser()
    parser.add_argument("--token", type=int, required=True)
    parser.add_argument("--log", type=pathlib.Path)
    given = parser.parse_args(argv)
    return _place(given), given.token, given.log


def place_of(argv: list[str]) -> Place:
    """Read what `folders` wrote."""
    return _place(_parser().parse_args(argv))


def _parser() -> argparse.ArgumentParser:
    import argparse  # for the processes alone: who starts them has no use for it

    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=pathlib.Path, required=True)
    parser.add_argument("--run-dir", type=pathlib.Path, required=True)
    parser.add_argument("--unit", default="")
    parser.add_argument("--charm-dir", type=pathlib.Path)
    parser.add_argument("--service", default="")
    return parser


def _place(given: argparse.Namespace) -> Place:
    return Place(given.home, given.run_dir, given.unit, given.charm_dir, given.service)
