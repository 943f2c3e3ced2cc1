"""What a model, its options and its actions' results say steers nothing that shows it.

One cloud says the same hostile words wherever its charms and units may choose them. It is planned
and upgraded until an action fails; then everything that people read of it is looked at.
"""

from __future__ import annotations

import pytest
from cou.report import plan_text, run_report
from cou.run import history, metrics, view
from cou.run.records import RunState
from juju_testbed.model.charm import Outcome

from ..unit.report.test_run_report import Tags, steers
from . import world as worlds

pytestmark = pytest.mark.slow

TRACE = "0wned"  # shows that the words came so far
EVIL = f"{TRACE}</td><script>x</script>\x1b]0;x\x07\x9b2J\u202e`reboot`$(reboot)\n# | a | \"'"


def speak(model):
    """Have a cloud say it where that blocks no plan."""
    charm = model.store.charm
    real = charm.action

    async def action(unit, task):
        if task.name == "mysqldump":
            return Outcome(failed=True, message=EVIL)
        return await real(unit, task)

    charm.action = action
    model.set_workload("glance/0", "active", EVIL)
    for machine in model.machines.values():
        machine.zone = EVIL


def block(model):
    """Have it say more, which is a problem of the plan's."""
    speak(model)
    model.set_workload("glance/0", "error", EVIL)
    model.application("keystone").config["openstack-origin"] = EVIL


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
        return view.look(journal, alive=False), history.tell(journal, alive=False, now=now)

    return worlds.run(story())


@pytest.mark.parametrize("form", [plan_text.text, plan_text.markdown])
def test_a_plan_of_a_hostile_model_is_text(tmp_path, form):
    async def story():
        place = await worlds.build(tmp_path / "home", edit=block)
        plan = await place.plan()
        await place.model.stop()
        return plan

    plan = worlds.run(story())
    assert plan.blocking
    told = form(plan)
    assert TRACE in told
    assert not steers(told)
    assert not [line for line in told.splitlines() if line.startswith("# |")]
    if form is plan_text.markdown:
        assert "<script" not in told


def test_a_hostile_result_steers_no_terminal_that_shows_where_the_run_is(failed):
    seen, _ = failed
    told = seen.to_text(str)
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
