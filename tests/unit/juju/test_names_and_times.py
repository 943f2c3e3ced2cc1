"""Names, tags, channels, bases and times of Juju."""

from __future__ import annotations

import datetime

import pytest
from cou.juju import names, timestamps
from hypothesis import given
from hypothesis import strategies as st

UTC = datetime.timezone.utc


@pytest.mark.slow
@given(st.from_regex(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*", fullmatch=True), st.integers(0, 10**6))
def test_a_units_tag_gives_its_name_back(application: str, number: int):
    unit = f"{application}/{number}"
    assert names.unit_name(names.unit_tag(unit)) == unit


@given(st.integers(0, 10**9))
def test_a_tasks_tag_gives_its_number_back(number: int):
    assert names.task_id(names.task_tag(number)) == number


@pytest.mark.parametrize("tag", ["operation-1", "action-", "action-x", "action-1-2", ""])
def test_any_other_tag_is_no_task(tag: str):
    with pytest.raises(ValueError, match="is not the tag"):
        names.task_id(tag)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ch:amd64/focal/keystone-572", ("ch", "keystone", 572)),
        ("ch:amd64/mysql-innodb-cluster-26", ("ch", "mysql-innodb-cluster", 26)),
        ("ch:nova-compute", ("ch", "nova-compute", -1)),
        ("cs:~openstack-charmers/focal/ovn-chassis-5", ("cs", "ovn-chassis", 5)),
        ("local:jammy/cou-0", ("local", "cou", 0)),
        ("keystone", ("ch", "keystone", -1)),
    ],
)
def test_a_charms_url_is_taken_apart(url: str, expected: tuple[str, str, int]):
    assert names.charm_url(url) == names.CharmUrl(*expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("victoria/stable", ("victoria", "stable", "")),
        ("victoria", ("victoria", "stable", "")),
        ("edge", ("latest", "edge", "")),
        ("latest/edge/fix-1", ("latest", "edge", "fix-1")),
        ("2.0.3/candidate", ("2.0.3", "candidate", "")),
    ],
)
def test_a_channel_is_read_as_juju_reads_it(text: str, expected: tuple[str, str, str]):
    assert names.channel(text) == names.Channel(*expected)


@pytest.mark.parametrize("text", ["", "victoria/often", "/stable", "a/stable/b/c", "a/stable/"])
def test_what_is_no_channel_is_refused(text: str):
    with pytest.raises(ValueError, match="is not a channel"):
        names.channel(text)


@pytest.mark.parametrize(
    ("name", "channel", "expected"),
    [
        ("ubuntu", "20.04/stable", ("ubuntu@20.04", "focal")),
        ("ubuntu", "22.04", ("ubuntu@22.04", "jammy")),
        ("ubuntu", "99.04/stable", ("ubuntu@99.04", "")),
        ("centos", "9/stable", ("centos@9", "")),
        ("", "", ("", "")),
    ],
)
def test_a_base_gives_its_series(name: str, channel: str, expected: tuple[str, str]):
    assert names.base(name, channel) == expected


@given(
    st.datetimes(
        datetime.datetime(1970, 1, 1), datetime.datetime(2100, 1, 1), timezones=st.just(UTC)
    )
)
def test_a_time_written_is_the_time_read(stamp: datetime.datetime):
    assert timestamps.parse(timestamps.show(stamp)) == stamp


@given(st.integers(0, 999_999_999), st.integers(0, 999_999_999))
def test_cutting_nanoseconds_never_turns_the_order_round(first: int, second: int):
    one, other = (
        timestamps.parse(f"2026-03-01T10:00:00.{nanoseconds:09}Z")
        for nanoseconds in (first, second)
    )
    assert one is not None
    assert other is not None
    assert (first <= second) <= (one <= other)


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T10:00:00Z", "2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00.000000000Z"],
)
def test_times_are_in_utc_whatever_the_offset(text: str):
    assert timestamps.parse(text) == datetime.datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "0001-01-01T00:00:00Z"])
def test_gos_zero_time_is_none(text: str):
    assert timestamps.parse(text) is None


@pytest.mark.parametrize("text", ["noon", "2026-03-01", "2026-13-01T10:00:00Z"])
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(ValueError, match=r"time|month"):
        timestamps.parse(text)


def test_a_time_without_a_zone_is_not_sent():
    with pytest.raises(ValueError, match="zone"):
        timestamps.show(datetime.datetime(2026, 3, 1))
