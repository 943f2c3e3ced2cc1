"""Nothing is decided by a sentence: with other words in the catalogue all else stays as it is."""

from __future__ import annotations

import contextlib
import datetime
import json
import re

import pytest
from cou import texts
from cou.journal import FILE, Journal, rows
from cou.show import history, metrics, outcome, run_report, status_text, view
from cou.wording import COMMAND_LINE, Text

from tests.simulation import world as worlds

from . import stories
from .test_stories import GOES_ON, ended

pytestmark = pytest.mark.slow

NOW = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
SIGN = "¤"
_DRAWN = re.compile(r"\b[0-9a-f]{16}\b")  # what a command is known by on its unit
# Between them: a wait that fails, one for an operator, marks that stay, a host that is left out.
TOLD = ["failed-action", "failed-wait", "waiting", "killed", "restored", "refused", "abandoned",
        "completed-but-for-a-host", "stopped-by-count"]  # fmt: skip


def _changed(text: str) -> str:
    """Return another text with the same values, in no order that anybody could count on."""
    values = sorted(texts.placeholders(text), reverse=True)
    return f"{SIGN}{len(text)}" + "".join(f"; {{{name}}}: /" for name in values)


@contextlib.contextmanager
def changed_words():
    known = texts.catalogue()
    other = {key: texts.Entry(_changed(one.seen), one.remedy and _changed(one.remedy))
             for key, one in known.items()}  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "catalogue", lambda: other)
        yield


def _call(entry):
    """Return a call without what the model's annotation says in words: how to undo a mark."""
    if entry[1:3] == ["Annotations", "Set"]:
        annotations = entry[3]["annotations"][0]["annotations"]
        kept = {key: json.loads(value or "{}") for key, value in annotations.items()}
        return entry[1], {
            key: {**one, "undo": sorted(one.get("undo", {}))} for key, one in kept.items()
        }
    return entry


def _keys(text):
    return (text.key, sorted(text.values)) if isinstance(text, Text) else bool(text)


def lived(name, home):
    """Live through a story; return all that was decided in it, and what is shown of it."""
    home.mkdir(parents=True)
    entries, _ = worlds.run(stories.tell(home, name))
    with contextlib.closing(Journal(home)) as journal:
        run = journal.current()
        records = journal.steps(run.id)
        decided = {
            "calls": [_call(one[1:]) for one in entries],
            "run": (run.state, run.error.code, run.error.step, _keys(run.error.seen)),
            "waits": [(one.about, _keys(one.what)) for one in run.waits],
            "needed": _keys(run.waits_for),
            "steps": [(one.id, one.state, one.round, _keys(one.note), _keys(one.error))
                      for one in records.values()],
            "marks": [(one.id, one.state, _keys(one.note)) for one in journal.marks(run.id)],
            "operations": [(one.step, one.key, one.verdict, one.result.get("ended-well"))
                           for one in journal.operations(run.id)],
            "story": [(one.what, one.data.get("step"), one.data.get("state"))
                      for one in journal.events(run.id)],
        }  # fmt: skip
        plan = rows.plan(run.plan)
        left = outcome.of(plan, records)
        seen = view.view_of_journal(journal, alive=False)
        account = history.make_report(journal, alive=False, now=NOW)
        shown = {
            "left out": len(left.left),
            "status": len(status_text.text(seen, NOW, COMMAND_LINE).splitlines()),
            "metrics": len(metrics.text(seen, "cou/0").splitlines()),
            "waited": [one.seconds for one in account.waits],
            "waited by step": [(one.id, one.waited and one.waited.subject)
                               for one in account.steps],
            "doubts": len(account.doubts),
        }  # fmt: skip
        reports = [run_report.text(account, form) for form in ("markdown", "html", "json")]
    told = _DRAWN.sub("ID", json.dumps(decided, default=str).replace(run.id, "RUN"))
    return json.loads(told), shown, reports


@pytest.mark.parametrize("name", TOLD)
def test_with_other_words_the_same_is_sent_decided_and_counted(name, tmp_path):
    decided, shown, reports = lived(name, tmp_path / "known")
    with changed_words():
        also_decided, also_shown, also_reports = lived(name, tmp_path / "changed")
    assert also_decided == decided
    assert also_shown == shown
    assert not any(SIGN in one for one in reports)
    assert any(SIGN in one for one in also_reports)  # they were changed indeed


@pytest.mark.parametrize("name", ["waiting", "failed-wait", "restored"])
def test_what_was_told_in_other_words_goes_on_as_well(name, tmp_path):
    assert name in GOES_ON
    journal, entries = stories.read(stories.FOLDER / f"{name}.zip")
    home = tmp_path / "home"
    home.mkdir()

    async def story():
        world = await stories.replay(home, name, entries)
        (home / FILE).write_bytes(journal)
        return await ended(world, name)

    with changed_words():
        assert worlds.run(story()) == []
