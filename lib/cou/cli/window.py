"""Reads the time of ``--until``, in the forms that the action `upgrade` reads."""

from __future__ import annotations

import datetime

import click

_CLOCKS = ("%H:%M", "%H:%M%z")
_STAMPS = tuple(
    f"%Y-%m-%d{gap}{clock}{zone}"
    for gap in (" ", "T")
    for clock in ("%H:%M", "%H:%M:%S")
    for zone in ("", "%z")
)


def read(text: str, now: datetime.datetime | None = None) -> datetime.datetime:
    """Return a time to come, in UTC; ``HH:MM`` is the next such time.

    Args:
        text: ``HH:MM`` or ``YYYY-MM-DD HH:MM``, in UTC unless a zone like ``+02:00`` follows.
        now: the time, aware.

    Raises:
        click.UsageError: it is no such time, or has passed.
    """
    now = now or datetime.datetime.now(datetime.timezone.utc)
    moment = _stamp(text.strip())
    if moment is None and (clock := _parse(text.strip(), _CLOCKS)) is not None:
        today = now.astimezone(clock.tzinfo)
        moment = today.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
        moment += datetime.timedelta(days=moment <= now)
    if moment is None or moment <= now:
        raise click.UsageError(
            f"--until: {text!r} is no time to come. Give HH:MM or YYYY-MM-DD HH:MM, in UTC unless "
            "a zone like +02:00 follows."
        )
    return moment.astimezone(datetime.timezone.utc)


def _stamp(text: str) -> datetime.datetime | None:
    return _parse(text, _STAMPS)


def _parse(text: str, forms: tuple[str, ...]) -> datetime.datetime | None:
    for form in forms:
        try:
            found = datetime.datetime.strptime(text, form)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)
    return None
