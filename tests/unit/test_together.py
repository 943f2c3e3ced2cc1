"""Tasks die where it is seen, and end when they are told to; and nothing begins one elsewhere."""

from __future__ import annotations

import ast
import asyncio
import pathlib

import pytest
from cou import concurrency
from cou.errors import CouError
from juju_testbed.model.virtual import VirtualTimeLoop

ROOT = pathlib.Path(__file__).parents[2]
# Begins a task that nobody need look at, or loses a cancellation before Python 3.12.
FORBIDDEN = {
    "TaskGroup",
    "create_task",
    "ensure_future",
    "gather",
    "shield",
    "timeout",
    "timeout_at",
    "wait_for",
}
SOURCES = sorted([*(ROOT / "lib/cou").rglob("*.py"), *(ROOT / "src").glob("*.py")])


def run(story):
    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(story)
    finally:
        assert not asyncio.all_tasks(loop), "a task outlived its end"
        loop.close()


@pytest.fixture
def run_coroutine():
    return run


def forbidden(source):
    """Return the names in a source that only `cou.concurrency` may use."""
    tree = ast.parse(source)
    uses = "asyncio" in source
    return [
        f"line {node.lineno}: {node.attr}"
        for node in ast.walk(tree)
        if uses and isinstance(node, ast.Attribute) and node.attr in FORBIDDEN
    ] + [
        f"line {node.lineno}: from asyncio import {alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("asyncio")
        for alias in node.names
    ]


def test_no_other_module_begins_a_task_or_bounds_one():
    assert len(SOURCES) > 100
    own = ROOT / "lib/cou/concurrency.py"
    found = {str(path): forbidden(path.read_text()) for path in SOURCES if path != own}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "asyncio.create_task(x)",
        "asyncio.get_running_loop().create_task(x)",
        "await asyncio.wait_for(x, 1)",
        "await asyncio.gather(x)",
        "from asyncio import wait_for",
    ],
)
def test_the_rule_finds_each_way_to_begin_a_task(line):
    assert forbidden(f"import asyncio\nasync def f():\n    {line}\n")


async def at_the_same_moment(bounded):
    """Cancel a task that waits, within limits, for what ends just then; return the task."""
    news = asyncio.get_running_loop().create_future()

    async def work():
        return await news

    async def wait():
        while True:  # as the keeper of the lease does: it goes on whatever came of one turn
            await bounded(work(), 30.0)
            await asyncio.sleep(30.0)

    task = asyncio.get_running_loop().create_task(wait())
    await asyncio.sleep(1.0)
    news.set_result("an answer")
    await asyncio.sleep(0)  # what was waited for ends, and who waits is not told yet
    task.cancel()
    return task


async def test_a_cancellation_is_not_swallowed_by_what_ends_at_the_same_moment():
    task = await at_the_same_moment(concurrency.with_timeout)
    await asyncio.wait([task], timeout=1.0)
    assert task.cancelled()


def test_the_moment_is_the_one_in_which_asyncio_swallows_it():
    """Else the test above would prove nothing. On 3.12 and later asyncio has mended it."""

    async def story():
        task = await at_the_same_moment(asyncio.wait_for)
        await asyncio.wait([task], timeout=1.0)
        swallowed = not task.done()
        await concurrency.end_tasks(task)
        return swallowed

    import sys

    assert run(story()) is (sys.version_info < (3, 12))


async def test_what_is_deaf_to_its_cancellation_is_ended_all_the_same():
    heard = 0

    async def deaf():
        nonlocal heard
        while heard < 3:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                heard += 1

    task = concurrency.begin_task(deaf())
    await asyncio.sleep(1)
    await concurrency.end_tasks(task)
    assert task.done()
    assert heard == 3
    assert asyncio.get_running_loop().time() < 60


async def test_a_process_leaves_no_task_of_a_library():
    async def deaf():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(3600)

    async def work():
        asyncio.get_running_loop().create_task(deaf())
        await asyncio.sleep(1)
        return "done"

    assert await concurrency.run_main(work()) == "done"
    assert asyncio.get_running_loop().time() < 60


async def test_an_end_is_finished_although_its_caller_is_cancelled_meanwhile():
    async def slow():
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(2)

    task = concurrency.begin_task(slow())
    await asyncio.sleep(1)
    ending = concurrency.begin_task(concurrency.end_tasks(task))
    await asyncio.sleep(1)
    ending.cancel()
    await asyncio.wait([ending])
    assert ending.cancelled()
    assert task.done()


async def test_what_takes_too_long_is_ended():
    with pytest.raises(asyncio.TimeoutError):
        await concurrency.with_timeout(asyncio.sleep(100), 5.0)
    assert asyncio.get_running_loop().time() == pytest.approx(5.0)
    assert await concurrency.with_timeout(asyncio.sleep(1, "slept"), 5.0) == "slept"


async def test_the_first_of_several_that_fails_ends_the_others():
    async def fail():
        await asyncio.sleep(1)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await concurrency.run_together(asyncio.sleep(100), fail())
    assert asyncio.get_running_loop().time() == pytest.approx(1.0)
    assert await concurrency.run_together(asyncio.sleep(2, "b"), asyncio.sleep(1, "a")) == (
        "b",
        "a",
    )


async def die(how):
    await asyncio.sleep(1)
    if isinstance(how, BaseException):
        raise how
    if how == "cancelled":
        asyncio.current_task().cancel()
        await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("how", "code", "seen"),
    [
        (ValueError("broken"), "task-ended", "ValueError: broken"),
        ("returned", "task-ended", "it returned"),
        ("cancelled", "task-ended", "it was cancelled"),
        (CouError("disk-full", "No room."), "disk-full", "No room."),
    ],
)
async def test_whatever_ends_a_task_beside_the_work_ends_the_work_with_its_cause(how, code, seen):
    crew = concurrency.BackgroundTasks()
    crew.start(die(how), "look at the sky")
    crew.start(asyncio.sleep(3600), "wait")
    with pytest.raises(CouError) as caught:
        await crew.run(asyncio.sleep(3600))
    assert caught.value.code == code
    assert seen in caught.value.seen
    assert code != "task-ended" or "look at the sky" in caught.value.seen


async def test_what_goes_on_beside_the_work_ends_with_it():
    crew = concurrency.BackgroundTasks()
    crew.start(asyncio.sleep(3600), "wait")
    assert await crew.run(asyncio.sleep(1, "done")) == "done"
