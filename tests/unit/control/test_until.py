"""The time of a window, as the action and the command line read it."""

from __future__ import annotations

import datetime

import pytest
from cou.control import until
from cou.errors import BadInput

NOW = datetime.datetime(2026, 3, 1, 22, 30, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("23:00", "2026-03-01T23:00:00+00:00"),
        ("05:00", "2026-03-02T05:00:00+00:00"),
        ("22:30", "2026-03-02T22:30:00+00:00"),
        ("05:00+02:00", "2026-03-02T03:00:00+00:00"),
        ("2026-03-04 05:00", "2026-03-04T05:00:00+00:00"),
        ("2026-03-04T05:00:30+01:00", "2026-03-04T04:00:30+00:00"),
        ("2027-03-02 22:30", "2027-03-02T22:30:00+00:00"),
    ],
)
def test_until_is_the_next_such_time(text, expected):
    assert until.read(text, NOW).isoformat() == expected


@pytest.mark.parametrize("text", ["2026-03-01 22:30", "2027-03-02 22:31"])
def test_a_window_closes_after_now_and_within_a_year(text):
    with pytest.raises(BadInput, match="within the next 366 days"):
        until.read(text, NOW)


def test_a_clock_of_the_last_year_makes_no_traceback():
    with pytest.raises(BadInput):
        until.read("2026-03-04 05:00", NOW.replace(year=9999))
    assert until.read("9999-03-04 05:00", NOW.replace(year=9999)).year == 9999
