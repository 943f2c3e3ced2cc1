"""Who was waited for, and by which step."""

from __future__ import annotations

import datetime

from cou.journal import waits
from cou.journal.records import Event
from cou.show import wait_times

NOON = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)


def at(seconds: float) -> datetime.datetime:
    return NOON + datetime.timedelta(seconds=seconds)


def story(*looks: tuple[float, list[str]]) -> list[Event]:
    return [Event(n, at(when), "waits", {"lines": lines}) for n, (when, lines) in enumerate(looks)]


SPANS = wait_times.spans(
    story((0, ["a/0 runs"]), (10, ["a/0 runs", "b/1 runs"]), (30, ["b/1 runs"]), (35, [])), at(99)
)


def test_a_line_lasts_from_its_first_look_to_the_first_without_it():
    assert [(at(0), at(30), "a/0 runs"), (at(10), at(35), "b/1 runs")] == SPANS


def test_a_step_is_told_who_held_it_up_longest_while_it_ran():
    found = wait_times.within(wait_times.Spans(SPANS), [(at(20), at(35))], "model")
    assert found is not None
    assert (found.subject, found.seconds) == ("b/1", 15.0)


def test_of_steps_beside_each_other_each_is_told_its_own_unit():
    ran = [(at(0), at(35))]
    own = wait_times.within(wait_times.Spans(SPANS), ran, "b/1")
    assert own is not None
    assert (own.subject, own.seconds) == ("b/1", 25.0)
    assert wait_times.within(wait_times.Spans(SPANS), ran, "c/2") is None


def test_a_unit_is_not_told_the_wait_of_one_whose_number_begins_alike():
    looks = story((0, ["b/10 runs"]), (30, ["b/1 runs"]), (35, []))
    own = wait_times.within(
        wait_times.Spans(wait_times.spans(looks, at(99))), [(at(0), at(35))], "b/1"
    )
    assert own is not None
    assert (own.subject, own.seconds) == ("b/1", 5.0)
    first = wait_times.Spans(wait_times.spans(looks[:1], at(99)))
    assert wait_times.within(first, [(at(0), at(20))], "b/1") is None


def test_a_step_that_waited_for_nobody_says_nothing():
    assert wait_times.within(wait_times.Spans(SPANS), [(at(40), at(50))], "model") is None
    assert wait_times.within(wait_times.Spans(SPANS), [], "model") is None


def test_a_quiet_period_is_one_wait_however_its_times_move():
    looks = [
        "all is idle; quiet since 12:00:00, until 12:00:10 UTC",
        "all is idle; quiet since 12:00:07, until 12:00:17 UTC",
        "all is idle; quiet for 3 of 10 s",  # as older versions counted
    ]
    assert {line for look in looks for line in waits.told(look)} == {
        "all is idle; quiet for a while"
    }
    assert {wait_times.subject(look) for look in looks} == {"quiet periods"}
    assert wait_times.subject("all is idle; quiet for … s") == "quiet periods"  # in older journals
