from __future__ import annotations

import ast
import json
import pathlib
import subprocess
import sys

import pytest
from juju_testbed import judge
from juju_testbed.judge.__main__ import main
from juju_testbed.judge.knowledge import fitting_tracks


class Book:
    """Writes a log, entry by entry, as the testbed would."""

    def __init__(self):
        self.rows = []
        self.task = 10
        self.deployed("glance", "glance", units={"glance/0": {"machine": "1"}})
        self.deployed(
            "glance-router",
            "mysql-router",
            units={"glance-router/0": {"machine": "1", "principal": "glance/0"}},
        )
        self.deployed("keystone", "keystone", units={"keystone/0": {"machine": "2"}})

    def write(self, event, by="cou", unit="", application="", task=None, **data):
        self.rows.append(
            {
                "seq": len(self.rows) + 1,
                "at": f"2030-01-01T00:00:{len(self.rows) % 60:02}.000000+00:00",
                "event": event,
                "by": by,
                "unit": unit,
                "application": application,
                "task": task,
                "data": data,
            }
        )
        return self

    def deployed(self, name, charm, units):
        return self.write(
            "deployed",
            by="admin",
            application=name,
            charm=charm,
            channel="ussuri/stable",
            config={},
            units=units,
        )

    def verb(self, name, results=None, status="completed", **params):
        """Write a whole action of the upgrader's own unit."""
        self.task += 1
        where = {"by": "admin", "unit": "cou/0", "task": self.task}
        self.write("task-begun", **where, name=name, parameters=params)
        return self.write(
            "task-ended",
            **where,
            name=name,
            parameters=params,
            status=status,
            message="",
            results=results or {},
        )

    def cancel(self, targets="", force=False, acknowledged="yes", **more):
        results = {"acknowledged": acknowledged, "targets": targets}
        return self.verb("cancel", results, force=force, **more)

    def action(self, unit, name, by="cou"):
        self.task += 1
        return self.write(
            "asked",
            by=by,
            unit=unit,
            task=self.task,
            call="Action.EnqueueOperation",
            name=name,
            parameters={},
        )

    def command(self, unit, command):
        self.task += 1
        parameters = {"command": command}
        return self.write(
            "asked",
            unit=unit,
            task=self.task,
            call="Action.Run",
            name="juju-exec",
            parameters=parameters,
        )

    def config(self, application, by="cou", **values):
        return self.write(
            "asked",
            by=by,
            application=application,
            call="Application.SetConfigs",
            config=values,
        )

    def broken(self, **expected):
        found = judge.verdict(self.rows, {"complete": False, **expected})
        return [(v.rule, v.seq) for v in found.violations]


@pytest.fixture
def book():
    return Book()


def test_a_quiet_log_is_good(book):
    assert book.verb("upgrade").cancel("none").broken() == []


def test_what_a_cancel_named_may_go_on(book):
    book.verb("upgrade").cancel("glance/0, keystone")
    book.action("glance/0", "resume").action("keystone/0", "resume")
    book.config("keystone", **{"action-managed-upgrade": "False"})
    book.command("glance-router/0", "hooks/update-status")  # beside glance/0
    book.write("asked", call="Annotations.Set", tag="model-1", annotations={})
    assert book.broken() == []


@pytest.mark.parametrize("targets", ["", "none", "keystone", "keystone/0"])
def test_what_a_cancel_did_not_name_must_not_begin(book, targets):
    book.verb("upgrade").cancel(targets).action("glance/0", "pause")
    assert book.broken() == [("cancel", len(book.rows))]


def test_a_step_for_the_whole_model_may_ask_but_not_change(book):
    book.verb("upgrade").cancel("model")
    book.command("glance/0", "ceph versions").action("glance/0", "instance-count")
    assert book.broken() == []
    book.command("glance/0", "apt-get update && apt-get -y dist-upgrade")
    assert book.broken() == [("cancel", len(book.rows))]


def test_a_cancel_that_was_not_acknowledged_forbids_nothing(book):
    book.verb("upgrade").cancel("", acknowledged="no").action("glance/0", "pause")
    assert book.broken() == []
    book.rows.clear()
    book.verb("cancel", status="failed").action("glance/0", "pause")
    assert book.broken() == []


def test_work_may_begin_again_with_the_next_upgrade(book):
    book.verb("upgrade").cancel().verb("upgrade").action("glance/0", "pause")
    assert book.broken() == []


def test_a_plan_after_a_cancel_may_ask_questions_and_ends_nothing(book):
    book.verb("upgrade").cancel("none")
    begun = {"by": "admin", "unit": "cou/0", "task": 90}
    book.write("task-begun", **begun, name="plan", parameters={})
    book.action("glance/0", "instance-count")
    assert book.broken() == []
    book.action("glance/0", "pause")
    book.write("task-ended", **begun, name="plan", status="completed", results={})
    book.action("glance/0", "instance-count")
    assert [rule for rule, _ in book.broken()] == ["cancel", "cancel"]


def test_nothing_of_ours_begins_after_a_forced_cancel(book):
    book.verb("upgrade").cancel("glance/0", force=True)
    book.write("asked", unit="glance/0", call="Action.Cancel", task=3, name="pause")
    assert book.broken() == []
    book.action("glance/0", "resume")
    assert book.broken() == [("cancel", len(book.rows))]


def test_what_others_do_is_their_own_affair(book):
    book.verb("upgrade").cancel("none").action("glance/0", "pause", by="admin")
    book.config("glance", by="admin", **{"openstack-origin": "cloud:focal-victoria"})
    assert book.broken() == []


def test_a_one_time_action_may_be_sent_again_only_after_it_failed(book):
    for status, rules in (("failed", []), ("completed", ["once"]), ("", ["once"])):
        one = Book().action("glance/0", "openstack-upgrade")
        if status:
            one.write("task-ended", unit="glance/0", task=one.task, status=status, name="x")
        one.action("glance/0", "openstack-upgrade")
        assert [rule for rule, _ in one.broken()] == rules


def test_an_origin_that_stands_is_not_sent_again(book):
    value = {"openstack-origin": "cloud:focal-victoria"}
    book.config("glance", **value)
    book.write(
        "config-changed",
        application="glance",
        key="openstack-origin",
        old="distro",
        new="cloud:focal-victoria",
    )
    assert book.broken() == []
    book.config("glance", **value)
    assert book.broken() == [("once", len(book.rows))]


def test_packages_of_a_unit_are_upgraded_once(book):
    book.command("glance/0", "apt-get update && apt-get -y dist-upgrade")
    book.command("keystone/0", "apt-get update && apt-get -y dist-upgrade")
    assert book.broken() == []
    book.command("glance/0", "apt-get update && apt-get -y dist-upgrade")
    assert book.broken() == [("once", len(book.rows))]


@pytest.mark.parametrize(
    ("charm", "series", "release", "tracks"),
    [
        ("keystone", "focal", "victoria", ("victoria",)),
        ("nova-compute", "jammy", "bobcat", ("2023.2",)),
        ("ceph-osd", "focal", "victoria", ("octopus",)),
        ("ceph-mon", "jammy", "caracal", ("squid",)),
        ("vault", "jammy", "zed", ("1.8",)),
        ("ovn-chassis", "jammy", "antelope", ("23.03",)),
        ("mysql-router", "focal", "yoga", ("8.0",)),
    ],
)
def test_the_judge_knows_which_tracks_fit(charm, series, release, tracks):
    assert fitting_tracks(charm, series, release) == tracks


def test_the_judge_imports_nothing_of_the_other_rooms_or_the_engine():
    for path in pathlib.Path(judge.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1, path
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            assert not [n for n in names if n.split(".")[0] in ("cou", "juju_testbed", "juju")]


def test_the_command_tells_by_its_exit_code(book, tmp_path, capsys):
    path = tmp_path / "log.jsonl"
    expect = tmp_path / "expect.json"
    expect.write_text(json.dumps({"complete": False}))

    def judged(rows, tail=""):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows) + tail)
        return main([str(path), "--expect", str(expect)])

    book.verb("upgrade")
    assert judged(book.rows) == 0
    assert judged(book.rows, '{"seq": 99, "at"') == 0  # cut off in the middle by a crash
    assert "verdict: good" in capsys.readouterr().out
    assert judged(book.cancel("none").action("glance/0", "pause").rows) == 1
    assert "VIOLATION cancel: EnqueueOperation pause on glance/0" in capsys.readouterr().out
    expect.write_text(json.dumps({"compleat": True}))
    assert judged(book.rows) == 2
    assert "unknown expectation 'compleat'" in capsys.readouterr().err
    assert main([str(tmp_path / "nowhere")]) == 2


def test_the_command_runs_as_a_module(book, tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in book.rows))
    done = subprocess.run(
        [sys.executable, "-m", "juju_testbed.judge", str(path), "--json"],
        check=False,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert done.returncode == 1  # a complete run has a snapshot at its end
    assert [v["rule"] for v in found["violations"]] == ["put-back"]


def end(channel, release, version="17.0.1"):
    """A snapshot of the end with one application."""
    unit = {"release": release, "version": version, "workload": "active", "message": ""}
    row = {
        "charm": "keystone",
        "series": "focal",
        "channel": channel,
        "config": {"openstack-origin": "cloud:focal-victoria"},
        "units": {"keystone/0": unit},
    }
    return {"applications": {"keystone": row}, "clusters": {}}


def target_rules(book):
    found = judge.verdict(book.rows, {"target": "victoria"})
    return [v.text for v in found.violations if v.rule == "target"]


def test_what_ran_the_target_s_release_before_may_keep_its_old_channel(book):
    book.write("snapshot", **end("latest/stable", "victoria"))
    assert target_rules(book) == []


def test_what_was_moved_must_follow_the_target_s_channel(book):
    book.write("workload-upgraded", unit="keystone/0", old="17", new="18", cause="origin")
    book.write("snapshot", **end("latest/stable", "victoria"))
    assert target_rules(book) == ["keystone follows latest/stable, not victoria/stable"]


def test_an_old_unit_on_an_old_channel_is_left_behind(book):
    book.write("snapshot", **end("latest/stable", "ussuri"))
    assert "keystone follows latest/stable, not victoria/stable" in target_rules(book)
