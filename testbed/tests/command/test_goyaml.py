"""Values on a command line mean what they mean to Juju's own YAML reader."""

from __future__ import annotations

import pytest
from juju_testbed.command import goyaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-02-30", "2024-02-30"),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01 10:00:00", "2024-01-01 10:00:00"),
        ("23:59", "23:59"),
        ("1:30.5", "1:30.5"),
        ("12", 12),
        ("010", 8),
        ("0x1f", 31),
        ("-1_000", -1000),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2.0**64),
        ("-9223372036854775809", -(2.0**63)),
        ("9" * 5000, "9" * 5000),
        ("0x" + "f" * 80, "0x" + "f" * 80),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("0.0.1", "0.0.1"),
        ("0/lxd/1", "0/lxd/1"),
        ("p0123", "p0123"),
        ("yes", True),
        ("n", False),
        ("Off", False),
        ("'12'", "12"),
        ("[1, 2024-01-01, az1]", [1, "2024-01-01", "az1"]),
        ("", None),
        ("~", None),
    ],
)
def test_a_plain_value_is_read_as_juju_reads_it(text: str, value: object):
    assert goyaml.load(text) == value
    assert type(goyaml.load(text)) is type(value)
