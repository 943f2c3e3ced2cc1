"""Printing: formats, tables and times as the real command shows them."""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .command import Context


def to_yaml(value: Any) -> str:
    """Return a value as YAML, long lines unbroken."""
    from . import goyaml  # most calls print none, and PyYAML takes its time to load

    return goyaml.dump(value)


def write(context: Context, value: Any, plain: Callable[[Any], str] | None = None) -> None:
    """Print a value in the format that was asked for, to the file that was asked for."""
    kind = context.options.format
    if kind == "json":
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n"
    elif kind == "yaml" or plain is None:
        text = to_yaml(value)
    else:
        text = plain(value)
    # Strings of Go are bytes: what was cut in the middle of a character is printed so.
    content = text.encode(errors="surrogateescape")
    if context.options.output:
        with open(context.options.output, "wb") as file:
            file.write(content)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.flush()


def info(text: str) -> None:
    """Tell the user something that is no result; it goes to stderr."""
    print(text, file=sys.stderr, flush=True)


def table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Align columns, two spaces apart; the last cell of a row is not padded.

    Args:
        rows: the heading first; all of one length.
        right: the numbers of columns aligned to the right.
    """
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        lines.append("  ".join([*cells, row[-1]]))
    return "\n".join(lines) + "\n"


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts ``a10`` after ``a9``."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def moment(text: str | None) -> datetime.datetime | None:
    """Read a time of the wire; None for Go's zero time."""
    if not text or text.startswith("0001-"):
        return None
    head, _, fraction = text.rstrip("Z").partition(".")
    digits = re.match(r"[0-9]*", fraction)
    micro = (digits[0] if digits else "")[:6].ljust(6, "0")
    parsed = datetime.datetime.fromisoformat(head.removesuffix("+00:00"))
    return parsed.replace(microsecond=int(micro), tzinfo=datetime.timezone.utc)


def local(context: Context, text: str | None) -> datetime.datetime | None:
    """Read a time of the wire for showing: local time, or UTC with ``--utc``."""
    when = moment(text)
    return when if when is None or context.options.utc else when.astimezone()


def go_time(when: datetime.datetime | None) -> str:
    """Return a time as Go prints it: ``2026-01-02 15:04:05 +0000 UTC``; empty for never."""
    if when is None:
        return ""
    return when.strftime("%Y-%m-%d %H:%M:%S %z ") + (when.tzname() or "")


def since(context: Context, text: str | None) -> str:
    """Return a status's time as status shows it: ``02 Jan 2026 15:04:05Z``."""
    when = local(context, text)
    if when is None:
        return ""
    zone = when.strftime("%z")
    offset = "Z" if zone in ("+0000", "") else f"{zone[:3]}:{zone[3:]}"
    return when.strftime("%d %b %Y %H:%M:%S") + offset


def by_key(value: Any) -> Any:
    """Sort mappings by key, as Go prints its maps; lists keep their order."""
    if isinstance(value, dict):
        return {key: by_key(value[key]) for key in sorted(value)}
    return [by_key(item) for item in value] if isinstance(value, list) else value


def drop_empty(mapping: dict[str, Any]) -> dict[str, Any]:
    """Leave out what Go's omitempty leaves out."""
    return {key: value for key, value in mapping.items() if value not in (None, "", [], {}, False)}
