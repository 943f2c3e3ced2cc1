"""Who was waited for, and by which step."""

from __future__ import annotations

import datetime

from cou.journal import waits
from cou.journal.records import Event
from cou.journal.waits import CurrentWait
from cou.show import wait_times
from cou.wording import TOLD_IN_WORDS, text

NOON = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)


def at(seconds: float) -> datetime.datetime:
    return NOON + datetime.timedelta(seconds=seconds)


def busy(unit: str) -> CurrentWait:
    return CurrentWait(text("wait/busy", unit=unit, status="agent executing"), (unit,))


def story(*looks: tuple[float, list[str]]) -> list[Event]:
    return [
        Event(n, at(when), "waits", {"lines": [busy(unit).to_json() for unit in units]})
        for n, (when, units) in enumerate(looks)
    ]


SPANS = wait_times.spans(
    story((0, ["a/0"]), (10, ["a/0", "b/1"]), (30, ["b/1"]), (35, [])), at(99)
)


def test_a_line_lasts_from_its_first_look_to_the_first_without_it():
    assert [(at(0), at(30), busy("a/0")), (at(10), at(35), busy("b/1"))] == SPANS


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
    looks = story((0, ["b/10"]), (30, ["b/1"]), (35, []))
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
        CurrentWait(text("wait/quiet", since="12:00:00", until="12:00:10")),
        CurrentWait(text("wait/quiet", since="12:00:07", until="12:00:17")),
    ]
    assert waits.for_events(looks) == waits.for_events(looks[:1])
    assert [str(CurrentWait.from_json(one).what) for one in waits.for_events(looks)] == [
        "all is idle; quiet for a while"
    ]
    assert {wait_times.subject(one.steady) for one in looks} == {"quiet periods"}


def test_what_an_older_version_told_in_words_is_shown_and_stands_for_itself():
    looks = [
        Event(n, at(n), "waits", {"lines": lines})
        for n, lines in enumerate([["b/1 is busy: agent executing"], []])
    ]
    every = wait_times.spans(looks, at(9))
    assert [str(one.what) for _, _, one in every] == ["b/1 is busy: agent executing"]
    assert every[0][2].what.key == TOLD_IN_WORDS
    assert wait_times.subject(every[0][2]) == "b/1 is busy: agent executing"
    # Of whom it speaks is not looked for in the words.
    assert wait_times.within(wait_times.Spans(every), [(at(0), at(1))], "b/1") is None


def test_a_wait_is_the_same_after_it_was_kept():
    waited = (
        busy("a/0"),
        CurrentWait(text("operator/unseal", units=["v/0", "v/1"]), ("v/0", "v/1")),
    )
    again = waits.loads(waits.dumps(waited))
    assert again == waited
    assert [one.what.key for one in again] == ["wait/busy", "operator/unseal"]
    assert again[1].what.values == {"units": ["v/0", "v/1"]}
