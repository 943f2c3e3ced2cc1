"""The command line of supervisor and runner: written by who starts one, read by it."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from .paths import RunPaths

if TYPE_CHECKING:
    import argparse


def arguments(paths: RunPaths, token: int, log: pathlib.Path | None = None) -> list[str]:
    """Return the command line of supervisor and runner."""
    given = [*folders(paths), "--token", str(token)]
    return [*given, "--log", str(log)] if log is not None else given


def folders(paths: RunPaths) -> list[str]:
    """Return the part of the command line that is the same for every attempt."""
    given = ["--home", str(paths.home), "--run-dir", str(paths.run_dir)]
    if paths.charm_dir is not None:
        given += ["--unit", paths.unit, "--charm-dir", str(paths.charm_dir)]
    if paths.service:
        given += ["--service", paths.service]
    return given


def parse(argv: list[str]) -> tuple[RunPaths, int, pathlib.Path | None]:
    """Read what `arguments` wrote: place, token, and the log if stderr is not."""
    parser = _parser()
    parser.add_argument("--token", type=int, required=True)
    parser.add_argument("--log", type=pathlib.Path)
    given = parser.parse_args(argv)
    return _paths(given), given.token, given.log


def place_of(argv: list[str]) -> RunPaths:
    """Read what `folders` wrote."""
    return _paths(_parser().parse_args(argv))


def _parser() -> argparse.ArgumentParser:
    import argparse  # for the processes alone: who starts them has no use for it

    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=pathlib.Path, required=True)
    parser.add_argument("--run-dir", type=pathlib.Path, required=True)
    parser.add_argument("--unit", default="")
    parser.add_argument("--charm-dir", type=pathlib.Path)
    parser.add_argument("--service", default="")
    return parser


def _paths(given: argparse.Namespace) -> RunPaths:
    return RunPaths(given.home, given.run_dir, given.unit, given.charm_dir, given.service)
