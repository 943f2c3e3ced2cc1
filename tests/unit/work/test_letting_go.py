"""What the model says of a run whose runner could not say that it ended; in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest
from cou.clock import LoopClock
from cou.errors import JujuError
from cou.journal import Journal
from cou.journal.records import Job, Limit, Mark, MarkState, RunState
from cou.plan.plan import canonical
from cou.work import release_lease
from cou.work.lease import KEY, POSITION, Lease

from ..fakes import NOW, example
from ..plan.helpers import plan_of
from .test_lease import Model

MARK = "option:nova-compute:action-managed-upgrade"
UNDO = "juju config nova-compute action-managed-upgrade=False"


@dataclasses.dataclass
class Story:
    """A run that took the model, and whose runner is gone."""

    journal: Journal
    model: Model
    token: int
    id: str

    def lease(self):
        clock = LoopClock(NOW)
        return Lease(self.model, clock, "u", self.id, "cou/0 of m", self.token, self.journal)

    async def begin(self):
        self.journal.note_taken(self.id, self.token)
        lease = self.lease()
        await lease.take(await lease.await_free())

    async def release_lease(self, state=RunState.KILLED):
        return await release_lease.release_once(
            self.journal, self.model, state, release_lease.WITHIN_S
        )

    @property
    def note(self):
        return json.loads(self.model.notes.get(KEY, "{}"))


@pytest.fixture
def story(tmp_path):
    journal = Journal(tmp_path)
    plan = canonical(plan_of(example()).to_dict())
    attempt = journal.create_run(plan, {}, ["a"], Limit())
    yield Story(journal, Model(), attempt.token, attempt.run)
    journal.close()


def mark(story):
    story.journal.begin_step(story.token, "a")
    data = {"was": "False", "set": "True"}
    target = "nova-compute"
    story.journal.write_mark(
        story.token, Mark(MARK, "option", target, data, MarkState.SET, "a", NOW, "")
    )


async def test_the_model_says_that_a_killed_run_does_not_go_on_and_what_it_has_left(story):
    await story.begin()
    mark(story)
    assert story.note["state"] == "running"
    assert await story.release_lease()
    assert story.note["state"] == "killed"
    assert (story.note["run"], story.note["holder"]) == (story.id, "cou/0 of m")
    assert story.note["marks"] == [MARK]
    assert UNDO in story.note["undo"][MARK]
    assert not story.journal.is_on_model(story.id)


async def test_an_ended_run_that_has_left_nothing_leaves_no_name(story):
    story.model.notes[f"{POSITION}{story.id}"] = "{}"
    await story.begin()
    assert await story.release_lease(RunState.COMPLETED)
    assert story.model.notes == {}


async def test_nothing_is_asked_where_the_runner_has_said_it(story):
    await story.begin()
    await story.lease().release_for_runner("stopped")
    story.journal.note_let_go(story.id, story.token)
    story.model.annotations = None  # whoever asks breaks off
    assert await story.release_lease()


def test_an_older_journal_does_not_ask(story):
    assert not story.journal.is_on_model(story.id)


OTHERS = {
    "another run": {"run": "x", "holder": "cou/1 of m", "token": 1, "state": "running"},
    "a later attempt": {"holder": "cou/0 of m", "token": 2, "state": "running"},
}


@pytest.mark.parametrize("who", list(OTHERS))
async def test_who_has_taken_the_model_meanwhile_is_left_alone(story, who):
    await story.begin()
    other = json.dumps({"run": story.id, **OTHERS[who], "renewed": NOW.isoformat()})
    story.model.notes[KEY] = other
    assert await story.release_lease()
    assert story.model.notes[KEY] == other
    assert not story.journal.is_on_model(story.id), "it is not ours to say any more"


async def test_a_name_of_an_earlier_attempt_of_the_same_run_is_put_right(story):
    """The next attempt may have ended before it took the model."""

    await story.begin()
    story.journal.end_attempt(story.token, RunState.KILLED)
    story.journal.resume_run(story.id, Job.UPGRADE, Limit())
    assert await story.release_lease(RunState.STOPPED)
    assert (story.note["state"], story.note["token"]) == ("stopped", story.token)


class Away(Model):
    """A model that does not answer until it is told to."""

    def __init__(self, of):
        super().__init__()
        self.of = of

    async def annotations(self, tag):
        if self.of == "refuses":
            raise JujuError("unreachable", "No answer.", "Wait.", sent=False)
        if self.of == "silent":
            await asyncio.sleep(3600)
        return await super().annotations(tag)

    async def set_annotations(self, tag, values):
        if self.of == "loses":
            raise JujuError("lost", "No answer.", "Wait.", sent=None)
        await super().set_annotations(tag, values)


@pytest.mark.parametrize("of", ["refuses", "silent", "loses"])
async def test_a_juju_that_is_away_holds_nobody_up_and_is_told_later(story, of):
    await story.begin()
    notes = story.model.notes
    story.model = Away(of)
    story.model.notes = notes
    begun = asyncio.get_running_loop().time()
    assert not await story.release_lease()
    assert asyncio.get_running_loop().time() - begun <= release_lease.WITHIN_S + 0.1
    assert story.journal.is_on_model(story.id)
    assert story.note["state"] == "running"
    story.model.of = "there"
    assert await story.release_lease()
    assert story.note["state"] == "killed"
