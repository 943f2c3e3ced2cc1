"""The life of a kind of step on the simulated cloud: planned, run, killed, settled and shown.

``python -m tests.simulation.one_kind KIND ACTION HOME`` tells it of a kind whose step asks once
for an action that must not be asked for twice. It ends with an error where the kind does not
behave as every kind has to.
"""

from __future__ import annotations

import asyncio
import itertools
import pathlib
import sys

from cou.journal.records import Job, Limit, Resolution, RunState, StepState
from cou.kinds import Kind
from cou.show import history, plan_text, run_report, status_text, view
from cou.wording import IN_DOCUMENTS

from tests.proof import small

from . import world as worlds

ONE = Limit("step", 1)


class Life:
    """A kind's step in the plan of a small cloud.

    Args:
        kind: the kind's value.
        action: what its step asks for.
        home: where the journals may lie.
    """

    def __init__(self, kind: str, action: str, home: pathlib.Path):
        self.kind, self.action, self.home = Kind(kind), action, home
        self.cloud = itertools.count()
        self.title = ""

    async def cloud_before_it(self):
        """Return a cloud whose next step it is, its run, and the step."""
        world = await worlds.build(self.home / str(next(self.cloud)), small.BUNDLE)
        plan = await world.plan()
        steps = list(plan.root.single_steps())
        found = [place for place, step in enumerate(steps) if step.kind is self.kind]
        assert len(found) == 1, f"{self.kind.value} is planned {len(found)} times"
        step = steps[found[0]]
        self.title = str(step.title)
        assert step.title in plan_text.text(plan)
        assert step.why
        assert step.why in plan_text.markdown(plan)
        attempt = world.create(plan, Limit("step", found[0]))
        ending = await world.work(attempt)
        assert ending.state is RunState.STOPPED, ending
        assert world.steps(attempt.run)[step.id].state is StepState.PENDING
        assert self.shown(world, "Next: ")
        return world, attempt.run, step

    def sent(self, world):
        """Count how often the unit was asked."""
        return sum(
            entry["event"] == "task-begun" and entry["data"].get("name") == self.action
            for entry in world.model.log.entries
        )

    def shown(self, world, before):
        """Whether the status shows the step behind some words."""
        journal = world.journal()
        seen = view.view_of_journal(journal, alive=False)
        text = status_text.text(seen, world.clock.now(), IN_DOCUMENTS)
        journal.close()
        return f"{before}{self.title}" in text

    def reported(self, world, state):
        """Whether the report shows the step in a state."""
        journal = world.journal()
        account = history.make_report(journal, alive=False, now=world.clock.now())
        journal.close()
        (line,) = [one for one in account.steps if one.kind == self.kind.value]
        told = run_report.markdown(account).replace("\\", "")
        return line.state == state and f"{self.title}: {state}" in told

    async def runs_to_the_end(self):
        """Run it, and all that comes after it."""
        world, run, step = await self.cloud_before_it()
        ending = await world.work(world.resume(run))
        assert ending.state is RunState.COMPLETED, ending
        assert world.steps(run)[step.id].state is StepState.DONE
        assert self.sent(world) == 1
        assert self.reported(world, "done")

    async def is_killed_and_settled(self):
        """End its runner at each point of its step, and have the next one finish it."""
        asked = found = 0
        for point in itertools.count(1):
            world, run, step = await self.cloud_before_it()
            await world.work_until(world.resume(run, ONE), worlds.countdown(point))
            state = world.steps(run)[step.id].state
            if state is StepState.IN_DOUBT:
                assert self.shown(world, "In doubt: ")
                assert self.reported(world, "in-doubt")
            elif state is StepState.DONE:
                break
            await asyncio.sleep(3600)  # whatever was sent has arrived by now
            before = self.sent(world)
            ending = await world.work(world.resume(run, ONE))
            if ending.state is RunState.FAILED:
                assert ending.error.code == "needs-operator", ending
                assert (before, self.sent(world)) == (0, 0)
                assert self.shown(world, "In doubt: ")
                asked += 1
                journal = world.journal()
                journal.resolve_step(run, step.id, Resolution.RETRY, "Juju has no such task")
                attempt = journal.resume_run(run, Job.UPGRADE, ONE)
                journal.close()
                ending = await world.work(attempt)
            elif state is StepState.IN_DOUBT and before:
                found += 1
            assert ending.state is RunState.STOPPED, ending
            assert world.steps(run)[step.id].state is StepState.DONE
            assert self.sent(world) == 1, f"point {point}: sent {self.sent(world)} times"
        assert asked, "no runner ended between what it meant to send and Juju"
        assert found, "no runner ended between Juju and what became of it"
        return point - 1, asked, found


def main(kind: str, action: str, home: str) -> None:
    """Tell the life of a kind."""
    life = Life(kind, action, pathlib.Path(home))
    worlds.run(life.runs_to_the_end())
    points, asked, found = worlds.run(life.is_killed_and_settled())
    sys.stdout.write(f"killed at {points} points, asked about at {asked}, found at {found}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
