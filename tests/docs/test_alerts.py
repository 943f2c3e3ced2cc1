"""The alerts ask for metrics that exist, and fire when they should and not otherwise."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from cou.journal.records import RunState
from cou.show import metrics

ALERTS = pathlib.Path(__file__).parents[2] / "alerts"
# Of the node exporter itself.
FOREIGN = {"node_textfile_mtime_seconds"}


def rules():
    document = yaml.safe_load((ALERTS / "cou.rules.yaml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_metrics_and_states_that_exist(rule):
    named = set(re.findall(r"\b(?:cou|node)_[a-z_]+", rule["expr"]))
    assert named
    assert named <= {one.name for one in metrics.METRICS} | FOREIGN
    states = re.findall(r'cou_run_state\{state=~?"([^"]+)"', rule["expr"])
    known = {state.value for state in RunState}
    assert {one for every in states for one in every.split("|")} <= known


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_has_a_test_that_fires_and_one_that_does_not(rule):
    tests = yaml.safe_load((ALERTS / "cou.tests.yaml").read_text())["tests"]
    asked = [
        one
        for test in tests
        for one in test["alert_rule_test"]
        if one["alertname"] == rule["alert"]
    ]
    assert any(one.get("exp_alerts") for one in asked)
    assert any(not one.get("exp_alerts") for one in asked)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (prometheus)")
def test_promtool_sees_the_alerts_fire_and_not_fire():
    done = subprocess.run(
        ["promtool", "test", "rules", str(ALERTS / "cou.tests.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
