"""What stands on the model was written by others, with other clocks; in virtual time."""

from __future__ import annotations

import asyncio
import datetime
import json
import random
import string

import pytest
from cou.clock import LoopClock
from cou.cloud import run_annotation
from cou.errors import CouError, JujuError
from cou.journal import Journal
from cou.journal.records import Limit
from cou.work.lease import KEY, POSITION, STALE_S, Lease, LeaseLost
from juju_testbed.model.virtual import VirtualTimeLoop

from ...fuzz import mutate
from ..fakes import NOW

RUN = "20260301-1200"


class Model:
    """Holds annotations; other hands may renew theirs."""

    def __init__(self):
        self.notes = {}

    async def annotations(self, tag):
        return dict(self.notes)

    async def set_annotations(self, tag, values):
        every = {**self.notes, **values}
        self.notes = {key: value for key, value in every.items() if value}


def name(renewed, **more):
    return json.dumps({"run": "x", "holder": "y", "state": "running", "renewed": renewed, **more})


def run(story):
    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(story())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def made(model, journal):
    return Lease(model, LoopClock(NOW), "uuid", RUN, "cou/0", 1, journal)


async def take(lease):
    """Take the model as a runner does: once no other run is alive on it."""
    await lease.take(await lease.await_free())


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path)
    opened.create_run("{}", {}, ["a"], Limit())
    yield opened
    opened.close()


def at(hours):
    return NOW + datetime.timedelta(hours=hours)


@pytest.mark.parametrize("hours", [-24 * 365, -1, 1, 24 * 365])
async def test_a_run_that_lives_is_not_taken_for_dead_because_its_clock_is_another(journal, hours):
    model = Model()
    model.notes[KEY] = name(at(hours).isoformat())

    async def lives():
        while True:
            await asyncio.sleep(30)
            passed = datetime.timedelta(seconds=asyncio.get_running_loop().time())
            model.notes[KEY] = name((at(hours) + passed).isoformat())

    other = asyncio.ensure_future(lives())
    with pytest.raises(LeaseLost) as caught:
        await take(made(model, journal))
    other.cancel()
    assert caught.value.code == "model-held"


@pytest.mark.parametrize("hours", [-1, 1, 24 * 365])
async def test_a_run_that_is_gone_holds_nobody_up_for_longer_because_its_clock_was_another(
    journal, hours
):
    model = Model()
    model.notes[KEY] = name(at(hours).isoformat())
    begun = asyncio.get_running_loop().time()
    await take(made(model, journal))
    assert asyncio.get_running_loop().time() - begun <= STALE_S + 1
    assert json.loads(model.notes[KEY])["run"] == RUN


ODD = {
    "without a zone": name("2026-03-01T12:00:00"),
    "no stamp": name("yesterday"),
    "a stamp of another form": name({"at": 5}),
    "no stamp at all": '{"run": "x", "state": "running"}',
    "not an object": "[1, 2]",
    "no JSON": "{",
    "nested": "[" * 100_000,
    "an endless number": '{"run": ' + "9" * 5000 + "}",
    "a token that is none": json.dumps({"run": RUN, "token": True, "told": ["1", 2]}),
    "a name that is none": json.dumps({"run": ["x"], "holder": {"a": 1}, "marks": {"b": 2}}),
}
LINES = {
    "no number": ["one", "2026"],
    "too large": [1 << 70, "2026"],
    "negative": [-1, "2026"],
    "a boolean": [True, "2026"],
    "no stamp": [1, None],
    "half a character": [1, "\ud800"],
    "too many": [1, "2026", 3],
    "an object": {"1": "2026"},
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
async def test_a_name_that_other_hands_have_changed_is_no_traceback(journal, text):
    model = Model()
    model.notes[KEY] = text
    run_annotation.parse(text)
    await asyncio.wait_for(take(made(model, journal)), STALE_S + 20)
    assert json.loads(model.notes[KEY])["run"] == RUN


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize("key", [KEY, POSITION + RUN])
async def test_a_position_that_other_hands_have_changed_is_no_traceback(journal, key, line):
    model = Model()
    model.notes[key] = json.dumps({"run": RUN, "token": 1, "told": line, "sent": line})
    await take(made(model, journal))


@pytest.mark.slow
async def test_whatever_stands_on_the_model_is_taken_or_refused_with_a_code(journal):
    """A name and a position, changed at random: other forms, odd texts, other types."""
    rng = random.Random("annotations")
    newest = list(journal.newest_event())

    good = {
        **{"run": RUN, "holder": "cou/0", "token": 1, "state": "running"},
        **{"marks": ["option:a:b"], "inherited": [], "told": newest, "sent": newest},
        "renewed": NOW.isoformat(),
    }
    taken, refused = 0, set()
    for _ in range(2000):
        model = Model()
        for key in (KEY, POSITION + RUN):
            text = json.dumps(mutate.changed(rng, good))
            if rng.randrange(4) == 0:
                place = rng.randrange(len(text))
                text = text[:place] + rng.choice(string.printable) + text[place + 1 :]
            model.notes[key] = text
            run_annotation.parse(text)
        held = made(model, journal)
        try:
            await take(held)
            taken += 1
        except CouError as error:
            refused.add((error.code, bool(error.remedy)))
    assert refused == {("model-held", True), ("journal-old", True)}
    assert 100 < taken < 1900


async def test_a_name_that_is_changed_under_a_run_is_refused_by_the_next_change(journal):
    model = Model()
    held = made(model, journal)
    await take(held)
    for text in (*ODD.values(), ""):
        model.notes[KEY] = text
        with pytest.raises(LeaseLost) as caught:
            await held.check()
        assert caught.value.code == "model-held"


async def test_of_two_that_take_the_model_at_once_the_first_to_write_gives_way(journal):
    class Raced(Model):
        async def set_annotations(self, tag, values):
            await super().set_annotations(tag, values)
            self.notes[KEY] = name(NOW.isoformat())

    with pytest.raises(LeaseLost) as caught:
        await take(made(Raced(), journal))
    assert caught.value.code == "model-held"
    assert "run x of y" in caught.value.seen


UNKNOWN = [99, "2026-03-01T12:00:00+00:00"]


@pytest.mark.parametrize("what", ["told", "sent"])
@pytest.mark.parametrize("named", [None, "x", RUN], ids=["no name", "another's", "its own"])
async def test_a_position_that_the_journal_does_not_know_stops_the_run(journal, what, named):
    """Whatever name stands beside it: others may have come and gone since."""

    model = Model()
    model.notes[POSITION + RUN] = json.dumps({what: UNKNOWN})
    if named is not None:
        model.notes[KEY] = json.dumps({"run": named, "token": 1, "state": "stopped"})
    before = dict(model.notes)
    for look in (take, Lease.check_journal_is_current):
        with pytest.raises(LeaseLost) as caught:
            await look(made(model, journal))
        assert caught.value.code == "journal-old"
    assert model.notes == before


async def test_what_another_run_has_told_or_counted_says_nothing_of_this_one(journal):
    model = Model()
    other = {"run": "x", "token": 7, "state": "stopped", "told": UNKNOWN, "sent": UNKNOWN}
    model.notes[KEY] = json.dumps(other)
    await take(made(model, journal))
    assert json.loads(model.notes[KEY])["run"] == RUN


async def test_a_change_is_not_made_where_its_position_cannot_be_written(journal):
    class Refuses(Model):
        async def set_annotations(self, tag, values):
            if POSITION + RUN in values:
                raise JujuError("juju-error", "permission denied", sent=False)
            await super().set_annotations(tag, values)

    held = made(Refuses(), journal)
    await take(held)
    with pytest.raises(JujuError, match="permission denied"):
        await held.check()


async def test_a_name_is_renewed_now_and_then_while_changes_are_made(journal):
    model = Model()
    held = made(model, journal)
    await take(held)

    def renewed():
        return datetime.datetime.fromisoformat(json.loads(model.notes[KEY])["renewed"])

    first = renewed()
    await held.check()
    assert renewed() == first
    await asyncio.sleep(STALE_S / 2)
    await held.check()
    assert (renewed() - first).total_seconds() >= STALE_S / 2 - 1


async def test_a_run_that_ends_leaves_a_name_alone_that_another_has_put_there(journal):
    model = Model()
    held = made(model, journal)
    await take(held)
    model.notes[KEY] = name(NOW.isoformat())
    before = dict(model.notes)
    await held.release("completed")
    assert model.notes == before


async def test_who_says_that_a_dead_run_has_ended_keeps_what_earlier_runs_have_left(journal):
    model = Model()
    left = {"marks": ["option:a:b"], "inherited": ["option:a:b"], "undo": {"option:a:b": "so"}}
    own = {"run": RUN, "holder": "cou/0", "token": 1, "state": "running", **left}
    model.notes[KEY] = json.dumps(own)
    await made(model, journal).release_for_runner("completed")
    told = json.loads(model.notes[KEY])
    assert told["state"] == "completed"
    assert (told["marks"], told["inherited"]) == (["option:a:b"], ["option:a:b"])
    assert told["undo"] == {"option:a:b": "so"}


@pytest.mark.parametrize(
    ("run_", "inherited"), [("x", ["option:a:b", "option:c:d"]), (RUN, ["option:c:d"])]
)
async def test_what_other_runs_have_left_is_inherited_and_what_is_its_own_is_not(
    journal, run_, inherited
):
    model = Model()
    marks = {"marks": ["option:a:b", "option:c:d"], "inherited": ["option:c:d"]}
    found = {"run": run_, "holder": "cou/0", "token": 1, "state": "stopped", **marks}
    model.notes[KEY] = json.dumps(found)
    await take(made(model, journal))
    told = json.loads(model.notes[KEY])
    assert sorted(told["marks"]) == marks["marks"]
    assert told["inherited"] == inherited


async def test_while_a_run_waits_its_name_is_renewed_twice_a_minute_and_not_once_it_has_ended(
    journal,
):
    class Counted(Model):
        looks = 0

        async def annotations(self, tag):
            self.looks += 1
            assert self.looks < 100, "it asks for ever"
            return await super().annotations(tag)

    model = Counted()
    held = made(model, journal)
    keeping = asyncio.ensure_future(held.keep())
    await asyncio.sleep(2 * STALE_S)
    assert model.looks == 0  # not before the model is taken
    await take(held)
    await held.show_marks(["option:a:b"])
    assert json.loads(model.notes[KEY])["marks"] == ["option:a:b"]
    first = model.looks
    await asyncio.sleep(240)
    assert 7 <= model.looks - first <= 8
    await held.release("stopped")
    said, looks = dict(model.notes), model.looks
    assert json.loads(model.notes[KEY])["state"] == "stopped"
    await asyncio.sleep(2 * STALE_S)
    await held.release("failed")  # it has been said
    assert (model.notes, model.looks) == (said, looks)
    keeping.cancel()


async def test_a_run_that_leaves_nothing_takes_all_positions_away_and_nothing_else(journal):
    model = Model()
    model.notes = {"owner": "them", f"{POSITION}x": json.dumps({"told": UNKNOWN})}
    held = made(model, journal)
    await take(held)
    await held.check()
    assert set(model.notes) == {"owner", KEY, POSITION + RUN, f"{POSITION}x"}
    await held.release("completed")
    assert model.notes == {"owner": "them"}


async def test_a_mark_that_a_run_sets_itself_is_its_own(journal):
    model = Model()
    left = {"marks": ["option:a:b", "option:c:d"], "inherited": []}
    model.notes[KEY] = json.dumps({"run": "x", "token": 1, "state": "stopped", **left})
    held = made(model, journal)
    await take(held)
    await held.show_marks(["option:c:d"])
    told = json.loads(model.notes[KEY])
    assert (told["marks"], told["inherited"]) == (["option:c:d", "option:a:b"], ["option:a:b"])


async def test_a_run_does_not_wait_for_its_own_name(journal):
    model = Model()
    own = {"run": RUN, "holder": "cou/0", "token": 1, "state": "running"}
    model.notes[KEY] = json.dumps({**own, "renewed": NOW.isoformat()})
    begun = asyncio.get_running_loop().time()
    await take(made(model, journal))
    assert asyncio.get_running_loop().time() - begun < 1
