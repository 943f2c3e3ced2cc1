"""The doors: what comes in, and what may come of it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import json
import pathlib
import random
import tempfile
from collections.abc import Callable
from typing import Any

import ops
from cou.control import unit_environment
from cou.errors import BadInput, CouError, JournalError, JujuError
from cou.journal import FILE, Journal
from cou.juju import error_replies
from cou.juju.client import Client
from cou.options import charm_config
from cou.options.settings import Settings
from cou.process.access import Access
from cou.show import history, metrics, run_report, view

import credentials
import parameters

from ..unit.juju.controller import NOW, Controller
from ..unit.juju.inprocess import InProcess
from . import clouds, frames, mutate
from .checks import readable
from .whole import whole_journal

OPTIONS = (
    "quiet-period",
    "hook-error-grace",
    "standard-idle-timeout",
    "long-idle-timeout",
    "refresh-timeout",
    "max-parallel",
    "hypervisor-batch",
    "backup-max-age",
    "landscape-mirror-uri",
    "landscape-apt-component",
)
PASSWORD = "never-in-an-error-0819"
AT = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
NAMES = (
    "group",
    "machines",
    "availability-zones",
    "skip-apps",
    "non-empty-hypervisors",
    "backup",
    "archive",
    "archive-batch-size",
    "purge",
    "purge-before",
    "set-noout",
    "strategy",
    "max-parallel",
    "accept",
    "format",
    "plan",
    "until",
    "granularity",
    "count",
    "expect",
    "force",
    "step",
    "as",
    "reason",
)


def action_parameters(rng: random.Random) -> None:
    """Parameters of actions: typed data, or a refusal that names one."""
    given = {rng.choice(NAMES): mutate.anything(rng) for _ in range(rng.randint(1, 4))}
    questions: tuple[Callable[[], object], ...] = (
        lambda: parameters.plan_options(given, Settings()),
        lambda: parameters.plan_hash(given),
        lambda: parameters.until(given, AT),
        lambda: parameters.limit(given),
        lambda: parameters.flag(given, "force"),
        lambda: parameters.words(given, "reason"),
        lambda: parameters.choice(given, "as", parameters.RESOLUTIONS),
    )
    for question in questions:
        try:
            question()
        except BadInput as error:
            readable(error)


def options_of_the_charm(rng: random.Random) -> None:
    """The charm's options: settings, or a refusal that names one with its value."""
    given = {rng.choice(OPTIONS): mutate.anything(rng) for _ in range(rng.randint(1, 4))}
    try:
        settings = charm_config.settings(given, "cou")
    except BadInput as error:
        readable(error)
        return
    # Whatever is taken can be waited for, and told to Juju in nanoseconds.
    for name, value in dataclasses.asdict(settings).items():
        assert not name.endswith("_s") or 0 <= value * 10**9 < 2**63, name


class _Model:
    """Holds one secret."""

    def __init__(self, content: dict[str, str] | Exception):
        self._content = content

    def get_secret(self, id: str) -> _Model:
        if isinstance(self._content, Exception):
            raise self._content
        return self

    def get_content(self, refresh: bool) -> dict[str, str]:
        assert isinstance(self._content, dict)
        return self._content


def secret(rng: random.Random) -> None:
    """A secret's content: an account, or a refusal without the password."""
    good = {"username": "cou", "password": PASSWORD, "ca-cert": ""}
    content: Any = {str(k): str(v) for k, v in mutate.changed(rng, good).items()}
    if rng.randrange(8) == 0:
        content = ops.ModelError(f"ERROR {rng.choice(mutate.TEXTS)}")
    elsewhere = isinstance(content, dict) and any(
        PASSWORD in value for key, value in content.items() if key != "password"
    )
    try:
        said = repr(credentials.read(_Model(content), "secret:1", "cou"))  # type: ignore[arg-type]
    except BadInput as error:
        readable(error)
        said = f"{error} {error.remedy!s}"
    # Where it stands under another key as well, it is no secret of this account's.
    assert elsewhere or PASSWORD not in said


def files(rng: random.Random) -> None:
    """The credential file and agent.conf: read, or refused without what stands in them."""
    good = Access(("127.0.0.1:1",), "PEM", "uuid", "m", "cou", PASSWORD)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "access.json").write_text(json.dumps(good.to_dict()))
        conf = f"# format 2.0\napiaddresses: ['a:1']\ncacert: PEM\nmodel: model-1\nx: {PASSWORD}\n"
        for path, content in (
            (folder / "access.json", (folder / "access.json").read_bytes()),
            (folder / "agent.conf", conf.encode()),
        ):
            path.write_bytes(mutate.damaged(rng, content))
        (folder / "charm").mkdir()
        questions: tuple[Callable[[], object], ...] = (
            lambda: Access.read(folder / "access.json"),
            lambda: unit_environment.read(folder / "charm", {}),
        )
        for question in questions:
            try:
                question()
            except BadInput as error:
                readable(error)
                said = f"{error} {error.remedy!s}"
                assert PASSWORD not in said


class _Odd(InProcess):
    """A controller whose answers are not what they should be."""

    def __init__(self, rng: random.Random):
        controller = Controller()
        controller.status = _STATUS
        controller.history = {"unit-keystone-0": [{"status": "idle", "since": NOW}]}
        super().__init__(controller)
        self._rng = rng

    async def call(self, *arguments: Any, **named: Any) -> Any:
        try:
            answer = await super().call(*arguments, **named)
        except (ValueError, TypeError, LookupError, AttributeError):
            # An odd answer may be the next request; a real controller refuses what is no request.
            raise error_replies.refused(
                "odd", "bad request", "bad request", changes=False
            ) from None
        return mutate.changed(self._rng, answer)


_UNIT = {
    "machine": "0",
    "workload-status": {"status": "active", "info": "ready", "since": NOW, "data": {}},
    "agent-status": {"status": "idle", "since": NOW},
    "workload-version": "17.0.0",
    "leader": True,
}
_STATUS = {
    "controller-timestamp": NOW,
    "model": {"name": "openstack", "version": "3.6.9"},
    "machines": {"0": {"id": "0", "hardware": "availability-zone=zone-1", "containers": {}}},
    "applications": {
        "keystone": {
            "charm": "ch:amd64/focal/keystone-400",
            "charm-channel": "ussuri/stable",
            "base": {"name": "ubuntu", "channel": "20.04/stable"},
            "relations": {"shared-db": ["mysql"]},
            "units": {"keystone/0": _UNIT | {"subordinates": {"router/0": _UNIT}}},
        },
    },
}


class _OddFrames(_Odd):
    """A controller whose frames are not what they should be, also as bytes."""

    async def call(self, *arguments: Any, **named: Any) -> Any:
        facade, method = arguments[:2]
        try:
            answer = await InProcess.call(self, *arguments, **named)
        except (ValueError, TypeError, LookupError, AttributeError):
            raise error_replies.refused(
                "odd", "bad request", "bad request", changes=False
            ) from None
        frame = frames.odd(self._rng, answer)
        return frames.read(f"{facade}.{method}", frame, changes=named["changes"])


def answers(rng: random.Random) -> None:
    """Frames of a controller: data, or an error of ours."""
    _ask(Client(_OddFrames(rng), pauses_s=()))


def replies(rng: random.Random) -> None:
    """Answers of a controller: data, or an error that names the field."""
    _ask(Client(_Odd(rng), pauses_s=()))


def _ask(client: Client) -> None:
    questions: tuple[Callable[[], Any], ...] = (
        client.full_status,
        lambda: client.status_history(["keystone/0"], AT),
        lambda: client.config(["keystone"]),
        lambda: client.actions(["keystone"]),
        client.model_config,
        lambda: client.set_config("keystone", {"region": "x"}),
        lambda: client.refresh("keystone", "victoria/stable"),
        lambda: client.enqueue("keystone/0", "pause", {}),
        lambda: client.run_command("keystone/0", "true", 5),
        lambda: client.tasks([1]),
        lambda: client.tasks_after(["keystone/0"], "pause", 0),
        lambda: client.last_task_id("keystone/0", "pause"),
        lambda: client.cancel_tasks([1]),
        lambda: client.annotations("model-1"),
        lambda: client.set_annotations("model-1", {"a": "b"}),
    )

    async def ask() -> None:
        with contextlib.suppress(JujuError):
            await client.enqueue("keystone/0", "pause", {})
        for question in questions:
            try:
                await question()
            except JujuError as error:
                readable(error)

    asyncio.run(ask())


def journal(rng: random.Random) -> None:
    """The journal's file: told from, or refused; a damaged one is kept, never written over."""
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        content = mutate.damaged(rng, whole_journal())
        (home / FILE).write_bytes(content)
        try:
            opened = Journal(home, create=False)
        except JournalError as error:
            readable(error)
            kept = [path.read_bytes() for path in home.glob(f"{FILE}*")]
            assert content in kept, "the damaged file is gone"
            return
        with contextlib.closing(opened):
            tell(opened)


def tell(opened: Journal) -> None:
    """Have everything told that is told from a journal."""
    questions: tuple[Callable[[], object], ...] = (
        lambda: metrics.text(view.view_of_journal(opened, alive=False), "cou/0"),
        lambda: view.summary(opened),
        lambda: opened.shown(),
        lambda: _report(opened),
    )
    for question in questions:
        try:
            question()
        except CouError as error:
            readable(error)


def _report(opened: Journal) -> None:
    account = history.make_report(opened, alive=False, now=AT)
    if account is not None:
        for form in parameters.REPORT_FORMATS:
            run_report.text(account, form)


TARGETS: dict[str, Callable[[random.Random], None]] = {
    "parameters": action_parameters,
    "options": options_of_the_charm,
    "secret": secret,
    "files": files,
    "replies": replies,
    "answers": answers,
    "journal": journal,
    "snapshot": clouds.a_snapshot,
    "bundle": clouds.a_bundle,
}
