"""What a model, its options and its actions' results say steers nothing that shows it.

One cloud says the same hostile words wherever its charms and units may choose them. It is planned
and upgraded until an action fails; then everything that people read of it is looked at.
"""

from __future__ import annotations

import json
import logging

import pytest
from cou.cli.live_view import LiveView
from cou.cli.progress_lines import ProgressLines
from cou.cli.screen import Screen
from cou.cli.signals import Signals
from cou.control import control
from cou.errors import BadInput, CouError
from cou.journal.records import RunState
from cou.options.options import Options
from cou.process import logs
from cou.process.paths import RunPaths
from cou.show import history, metrics, plan_text, run_report, view
from cou.wording import IN_DOCUMENTS
from juju_testbed.model.charm import Outcome
from juju_testbed.model.entities import Status

import results
import unit_status

from ..unit.show.test_run_report import Tags, steers
from . import world as worlds

pytestmark = pytest.mark.slow

TRACE = "0wned"  # shows that the words came so far
FORGED = "2025-01-01 00:00:00 cou.runner INFO all is well"
EVIL = (
    f"{TRACE}</td><script>x</script>\x1b]0;x\x07\x9b2J\u202e\u2066\u200b\ufeff\xad\U000e0041\ud83d"
    f"[bold red]x[/bold red]`reboot`$(reboot)[l](http://x)\n# | a | \"'\r\n{FORGED}"
    f"\u2028\x85\x0b{FORGED}"
)


def speak(model):
    """Have a cloud say it where that blocks no plan."""
    charm = model.store.charm
    real = charm.action

    async def action(unit, task):
        if task.name == "mysqldump":
            return Outcome(failed=True, message=EVIL, stdout=EVIL, stderr=EVIL)
        return await real(unit, task)

    charm.action = action
    model.set_workload("glance/0", "active", EVIL)
    for machine in model.machines.values():
        machine.zone = EVIL
        machine.instance = Status("running", EVIL)
    for unit in model.units.values():
        unit.agent = Status(unit.agent.current, EVIL, unit.agent.since)
        model.set_workload(unit.name, "active", EVIL)
    note = {"run": "20250101T000000-beef", "state": "stopped", "marks": [EVIL], "holder": EVIL}
    model.annotations[f"model-{model.uuid}"] = {"cou-run": json.dumps(note)}


def block(model):
    """Have it say more, which is a problem of the plan's."""
    speak(model)
    model.set_workload("glance/0", "error", EVIL)
    model.application("keystone").config["openstack-origin"] = EVIL
    model.units["glance/0"].workload_version = EVIL


@pytest.fixture(scope="module", autouse=True)
def reportable():
    """Have pytest keep records as they may be sent on: half a character cannot be."""
    handlers = list(logging.getLogger().handlers)
    logs.make_harmless(handlers, IN_DOCUMENTS)
    yield
    for handler in handlers:
        handler.filters.clear()


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """Return a view of the run that failed, and its account."""

    async def story():
        place = await worlds.build(tmp_path_factory.mktemp("hostile") / "home", edit=speak)
        ending = await place.work(place.create(await place.plan()))
        assert ending.state is RunState.FAILED
        await place.model.stop()
        journal = place.journal()
        now = place.clock.now()
        return view.view_of_journal(journal, alive=False), history.make_report(
            journal, alive=False, now=now
        )

    return worlds.run(story())


@pytest.mark.parametrize("form", [plan_text.text, plan_text.markdown])
async def test_a_plan_of_a_hostile_model_is_text(tmp_path, form):
    place = await worlds.build(tmp_path / "home", edit=block)
    plan = await place.plan()
    await place.model.stop()
    assert plan.blocking
    told = form(plan)
    assert TRACE in told
    assert not steers(told)
    assert not [line for line in told.splitlines() if line.startswith("# |")]
    if form is plan_text.markdown:
        assert "<script" not in told


def test_a_hostile_result_steers_no_terminal_that_shows_where_the_run_is(failed):
    seen, _ = failed
    told = seen.to_text(IN_DOCUMENTS)
    assert TRACE in told
    assert not steers(told)
    assert not [line for line in told.splitlines() if line.startswith("# |")]


def test_a_hostile_result_is_text_in_the_report(failed):
    _, account = failed
    page, markdown = run_report.html(account), run_report.markdown(account)
    assert TRACE in Tags(page).text
    assert "script" not in Tags(page).tags
    assert TRACE in markdown
    assert "<script" not in markdown
    for told in (page, markdown, run_report.text(account, "json")):
        assert not steers(told)


def test_a_hostile_model_breaks_no_metric(failed):
    seen, _ = failed
    for line in metrics.text(seen, "cou/0").splitlines():
        assert line.startswith(("# HELP cou_", "# TYPE cou_", "cou_"))


def is_harmless(told: str, lines: int | None = None) -> bool:
    """Whether it neither steers nor has a line that feigns one of ours, nor is it lost."""
    feigned = [one for one in told.splitlines() if one.strip().startswith((FORGED, "# |"))]
    return TRACE in told and not steers(told) and not feigned


def test_no_way_to_a_terminal_is_steered(failed, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    seen, account = failed
    now = account.made
    shown = Screen(Signals())
    shown.open_log(tmp_path / "log")
    shown.show_progress(EVIL)
    shown.show_always(seen.error)
    shown.error(seen.error)
    shown.result(seen.to_text(IN_DOCUMENTS))
    for line in ProgressLines(begins=True).between(seen, now):
        shown.show_progress(line)
    shown.console.print(LiveView().draw(seen, now))
    told = capsys.readouterr()
    for stream in (told.out, told.err):
        assert is_harmless(stream)
        assert "[bold red]" in stream
    logging.getLogger().handlers[0].close()
    assert is_harmless(shown.log_path.read_text())


class Event:
    """An action that keeps what it is told."""

    def __init__(self):
        self.told = {}

    def set_results(self, results):
        self.told |= results

    def fail(self, text):
        self.told["fail"] = text


def test_no_answer_of_an_action_is_steered(failed, tmp_path):
    seen, _ = failed
    event = Event()
    results.set_results(event, results.status(seen, "text", "cou/0", tmp_path))
    assert is_harmless(event.told["status"])
    results.set_results(event, {"message": EVIL, "warnings": seen.error})
    with results.failing_on_error(event, IN_DOCUMENTS):
        raise CouError("x", seen.error, EVIL)
    with results.failing_on_error(event, IN_DOCUMENTS):
        Options.from_dict({"skip-apps": EVIL})
    with results.failing_on_error(event, IN_DOCUMENTS):
        raise BadInput("bad-parameter", f"reason {EVIL}")
    for text in event.told.values():
        assert not steers(text)
    assert is_harmless(event.told["message"])
    assert is_harmless(event.told["fail"])
    assert "\n" not in event.told["message"] + event.told["fail"]
    form = results.status(seen, "json", "cou/0", tmp_path)
    assert form["run"].isascii()


def test_no_status_of_the_unit_is_steered(failed):
    seen, _ = failed
    for status in (
        unit_status.of_run(seen, "cou/0"),
        unit_status.of_error(CouError("x", "Seen.", EVIL), "cou/0"),
        unit_status.not_taken(EVIL, "cou/0"),
    ):
        assert not steers(status.message)
        assert "\n" not in status.message


def test_what_an_operator_declares_stays_one_line_in_the_journal(tmp_path):
    async def story():
        place = await worlds.build(tmp_path / "home", edit=speak)
        attempt = place.create(await place.plan())
        await place.work(attempt)
        journal = place.journal()
        broken = next(one for one in journal.steps(attempt.run).values() if one.error)
        await place.model.stop()
        return place, attempt.run, broken

    place, run, broken = worlds.run(story())
    assert TRACE in broken.error
    home = control.Control(RunPaths(place.home, tmp_path / "run"))
    home.resolve_step(broken.id, "skip", EVIL)
    (event,) = [one for one in place.journal().events(run) if one.what == "step-resolved"]
    assert is_harmless(event.data["reason"])
    assert "\n" not in event.data["reason"]
