"""Names in texts and in order."""

from __future__ import annotations

import pytest
from cou.cloud import names


@pytest.mark.parametrize(
    ("name", "text", "there"),
    [
        ("nova-compute/1", "nova-compute/1: config-changed", True),
        ("nova-compute/1", "waits for nova-compute/1, nova-compute/2", True),
        ("nova-compute/1", "nova-compute/10: config-changed", False),
        ("nova-compute/1", "my-nova-compute/1: config-changed", False),
        ("nova-compute", "nova-compute/10: config-changed", True),
        ("nova", "nova-compute/10: config-changed", False),
        ("compute", "nova-compute/10: config-changed", False),
        ("a.b", "axb/0", False),
    ],
)
def test_a_name_stands_in_a_text_only_as_a_whole(name, text, there):
    assert names.is_named_in(name, text) is there


def test_numbers_count_as_numbers():
    assert names.in_order(["x/10", "x/2", "x/1"]) == ["x/1", "x/2", "x/10"]
