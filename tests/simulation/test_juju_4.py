"""A run that is found on Juju 4 is ended: what it switched is put back, or named."""

from __future__ import annotations

import pytest
from cou.errors import JujuError
from cou.journal.records import Job, MarkState, RunState
from cou.juju.client import Client
from juju_testbed.wire.facades.dispatcher import Dispatcher

from . import world as worlds
from .test_restore import MARK, stopped_with_a_mark

pytestmark = pytest.mark.slow


class Juju4(worlds.InProcess):
    """Answers as a running 4.0.15 did where that differs, as far as an abandoned run asks."""

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        if method == "StatusHistory" and len(params["requests"]) > 1:
            error = {"message": "multiple requests", "code": "not supported"}
            one = {"history": {"statuses": None}, "error": error}
            return {"results": [one for _ in params["requests"]]}
        if method == "Cancel":
            error = {"message": "cannot prepare statement", "code": ""}
            return {"results": [{"error": error} for _ in params["entities"]]}
        if method == "ListOperations" and params["actions"] == ["juju-exec"]:
            return {}
        return await super().call(facade, method, params, changes=changes, timeout_s=timeout_s)


class Denying(Juju4):
    """Lets nothing be changed but the annotation."""

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        if changes and facade != "Annotations":
            raise JujuError("juju-refused", f"{facade}.{method}: no.", sent=False)
        return await super().call(facade, method, params, changes=changes, timeout_s=timeout_s)


def moved_to(world, transport, monkeypatch):
    world.controller.version = "4.0.15"

    def client():
        return Client(transport(Dispatcher(world.controller, world.model.uuid, worlds.USER)))

    monkeypatch.setattr(world, "client", client)


async def test_abandon_puts_its_marks_back(tmp_path, monkeypatch):
    world = await worlds.build(tmp_path / "home")
    run = await stopped_with_a_mark(world)
    moved_to(world, Juju4, monkeypatch)
    ending = await world.work(world.resume(run, job=Job.ABANDON))
    assert ending.state is RunState.ABANDONED
    assert {m.state for m in world.marks(run) if m.id == MARK} == {MarkState.PUT_BACK}
    assert world.model.application("rabbitmq-server").config["enable-auto-restarts"] is True


async def test_abandon_names_what_it_cannot_put_back(tmp_path, monkeypatch):
    world = await worlds.build(tmp_path / "home")
    run = await stopped_with_a_mark(world)
    moved_to(world, Denying, monkeypatch)
    ending = await world.work(world.resume(run, job=Job.ABANDON))
    assert ending.state is RunState.ABANDONED
    (mark,) = [mark for mark in world.marks(run) if mark.id == MARK]
    assert mark.state is MarkState.KEPT
    assert "no" in mark.note
