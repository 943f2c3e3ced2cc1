"""Reading the package's data files, refusing a damaged one when it is loaded."""

from __future__ import annotations

import csv
import pathlib

from ..errors import CouError

FOLDER = pathlib.Path(__file__).parent / "data"


class DataError(CouError):
    """A data file of the package is not what the code expects; the installation is damaged."""

    def __init__(self, file: str, seen: str):
        super().__init__("data-damaged", f"{file}: {seen}.", "Install cou again.")


def rows(file: str, columns: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    """Read a CSV file below ``data`` whose header must be exactly `columns`.

    Raises:
        DataError: where the header differs, a row has another width, or there is no row.
    """
    reader = csv.reader((FOLDER / file).read_text(encoding="utf-8").splitlines())
    lines: list[list[str]] = [*reader]
    header = lines[0] if lines else []
    if tuple(header) != columns:
        raise DataError(file, f"its columns are {header}, not {list(columns)}")
    found: list[dict[str, str]] = []
    for number, row in enumerate(lines[1:], start=2):
        if len(row) != len(columns):
            raise DataError(file, f"line {number} has {len(row)} fields")
        found.append(dict(zip(columns, row, strict=True)))
    if not found:
        raise DataError(file, "it holds no row")
    return tuple(found)
