"""A reply that names an error although the controller had taken the request: it is done once."""

from __future__ import annotations

import pytest
from cou.errors import JujuError
from cou.journal.records import Resolution, RunState

from tests.proof import small

from . import world as worlds
from .test_late_requests import UPGRADE, asked_for, begun, operations, upgraded_packages
from .test_whole_run import assert_upgraded, finish

pytestmark = pytest.mark.slow

CALLS = (
    (UPGRADE, "keystone/1"),
    ("mysqldump", "mysql-innodb-cluster/0"),
    ("openstack-upgrade", "nova-compute/0"),
)


class Stumbling(worlds.InProcess):
    """Takes the first request with a text in it, and says of it that it failed.

    So it is where the controller's database gets another primary in the middle: what was written
    stays, and who wrote it is told of a broken connection, which has no code of Juju's. For so
    many looks at the tasks as are given it fails at those too.
    """

    def __init__(self, dispatcher, text, unit, deaf):
        super().__init__(dispatcher)
        self._text, self._units = text, (unit, unit.replace("/", "-"))
        self._deaf = deaf
        self.taken = 0

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        if self.taken and self._deaf and method == "ListOperations":
            self._deaf -= 1
            raise JujuError("controller-unreachable", "Nobody answers.", sent=False)
        reply = await super().call(facade, method, params, changes=changes, timeout_s=timeout_s)
        asked = str(params)
        wanted = changes and self._text in asked and any(one in asked for one in self._units)
        if not wanted or self.taken:
            return reply
        self.taken += 1
        return {"actions": [{"error": {"message": "EOF", "code": ""}}]}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("deaf", [0, 1], ids=["looked-at-once", "looked-by-the-next"])
@pytest.mark.parametrize(("text", "unit"), CALLS, ids=[one[0] for one in CALLS])
async def test_a_request_that_was_taken_and_answered_with_an_error_is_sent_once(
    tmp_path, monkeypatch, text, unit, deaf
):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    stumbling = world.behind(monkeypatch, Stumbling, text, unit, deaf)
    attempt = world.create(plan)
    ending = await world.work(attempt)
    assert stumbling.taken == 1
    assert (ending.state is RunState.COMPLETED) is not bool(deaf), ending
    if deaf:
        assert ending.error.code == "juju-refused"
        await finish(world, world.resume(attempt.run))
    assert_upgraded(world, plan, attempt.run)
    assert len(asked_for(world, text, unit)) == 1
    assert len([one for one in operations(world, attempt.run, text) if one.task]) >= 1


async def test_a_command_that_was_never_answered_works_once_though_an_operator_has_it_retried(
    tmp_path, monkeypatch
):
    unit = "keystone/1"
    world, plan, network, attempt = await begun(tmp_path, monkeypatch, UPGRADE, 300, unit)
    assert await world.work_until(attempt, lambda _: bool(network.kept)) is None
    (step,) = [
        one.step for one in operations(world, attempt.run, UPGRADE) if one.request["unit"] == unit
    ]
    journal = world.journal()
    journal.resolve_step(attempt.run, step, Resolution.RETRY, "Juju has no such task")
    journal.close()
    await finish(world, world.resume(attempt.run))
    await network.delivered.wait()
    await world.clock.sleep(60)
    assert len(asked_for(world, UPGRADE, unit)) == 2
    assert upgraded_packages(world, unit) == 1
    assert_upgraded(world, plan, attempt.run)
