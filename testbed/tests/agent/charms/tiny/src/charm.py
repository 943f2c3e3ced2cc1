#!/usr/bin/env python3
"""A tiny charm: it says what it sees, so that tests can look."""

import json
import os
import pathlib
import subprocess
import sys
import time

import ops
import words


class Poked(ops.EventBase):
    """Something outside asked to be told apart."""


class TinyEvents(ops.CharmEvents):
    """The charm's own event."""

    poked = ops.EventSource(Poked)


class TinyCharm(ops.CharmBase):
    """Records its hooks in ``hooks.json`` beside the charm directory."""

    on = TinyEvents()

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        for event in (
            "install",
            "start",
            "config_changed",
            "upgrade_charm",
            "update_status",
            "leader_elected",
            "secret_changed",
            "stop",
            "remove",
            "poked",
        ):
            framework.observe(getattr(self.on, event), self._on_any)
        framework.observe(self.on["cluster"].relation_changed, self._on_any)
        framework.observe(self.on.collect_unit_status, self._on_collect)
        for action in ("say", "sleep", "spawn", "environment", "raise"):
            framework.observe(self.on[action].action, getattr(self, f"_on_{action}"))

    def _on_any(self, event: ops.EventBase):
        record = pathlib.Path(self.charm_dir).parent / "hooks.json"
        seen = json.loads(record.read_text()) if record.exists() else []
        seen.append(os.environ.get("JUJU_DISPATCH_PATH", "").removeprefix("hooks/"))
        new = record.with_suffix(".new")
        new.write_text(json.dumps(seen))
        new.replace(record)  # tests read it at any time
        sys.stdout.write(f"saw {event}\n")
        self.unit.set_workload_version(words.VERSION)
        if self.unit.is_leader():
            self.app.status = ops.ActiveStatus("led")
        for relation in self.model.relations["cluster"]:
            relation.data[self.unit]["name"] = self.unit.name
        if isinstance(event, ops.SecretChangedEvent):
            event.secret.get_content(refresh=True)

    def _on_collect(self, event: ops.CollectStatusEvent):
        uri = self.config.get("login")
        if not uri:
            event.add_status(ops.BlockedStatus("no login"))
            return
        try:
            content = self.model.get_secret(id=str(uri), label="login").get_content()
        except ops.SecretNotFoundError:
            event.add_status(ops.BlockedStatus("no such secret"))
        except ops.ModelError:
            event.add_status(ops.BlockedStatus("secret not granted"))
        else:
            text = f"{self.config['greeting']} {self.config['count']} {content['password']}"
            event.add_status(ops.ActiveStatus(text))

    def _on_say(self, event: ops.ActionEvent):
        event.log("about to speak")
        event.set_results({"said": event.params["what"], "by": {"unit": self.unit.name}})
        if event.params["fail"]:
            event.fail("told to fail")

    def _on_sleep(self, event: ops.ActionEvent):
        event.set_results({"was": "here"})
        if event.params["child"]:
            self._spawn(session=False)
        event.log("asleep")
        time.sleep(event.params["seconds"])

    def _on_spawn(self, event: ops.ActionEvent):
        event.set_results({"pid": self._spawn(event.params["session"])})

    def _spawn(self, session: bool) -> int:
        child = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(120)"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=session,
        )
        return child.pid

    def _on_environment(self, event: ops.ActionEvent):
        event.set_results({"environment": json.dumps(dict(os.environ)), "cwd": os.getcwd()})

    def _on_raise(self, event: ops.ActionEvent):
        raise RuntimeError("broken on purpose")


if __name__ == "__main__":
    ops.main(TinyCharm)
