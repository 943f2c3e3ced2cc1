"""A runner that gives no sign of life is noticed, and heard again."""

from __future__ import annotations

import datetime
import os

import pytest
from cou.process import heartbeat
from cou.process.heartbeat import HeartbeatReceiver, HeartbeatSender


@pytest.fixture
def ears():
    time = [0.0]
    ear = HeartbeatReceiver(lambda: time[0])
    pulse = HeartbeatSender(os.dup(ear.descriptor))
    ear.given()
    yield time, ear, pulse
    ear.close()
    os.close(pulse._descriptor)


def test_silence_is_counted_from_the_last_beat(ears):
    time, ear, pulse = ears
    time[0] = 10.0
    assert ear.silence_s() == 10.0
    pulse.beat()
    assert ear.silence_s() == 0.0
    time[0] = 50.0
    assert ear.silence_s() == 40.0


def test_a_runner_beats_on_though_nobody_listens(ears):
    _, ear, pulse = ears
    for _ in range(100_000):  # more than a pipe holds
        pulse.beat()
    assert ear.silence_s() == 0.0


def test_a_runner_without_a_supervisor_beats_into_nothing(monkeypatch):
    monkeypatch.delenv(heartbeat.VARIABLE, raising=False)
    HeartbeatSender.inherited().beat()


def test_what_is_noted_is_read_and_taken_back(tmp_path):
    path = tmp_path / "silent"
    since = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    assert heartbeat.noted(path) is None
    heartbeat.note(path, since)
    assert heartbeat.noted(path) == since
    heartbeat.note(path, None)
    heartbeat.note(path, None)
    assert heartbeat.noted(path) is None
    path.write_text("damaged")
    assert heartbeat.noted(path) is None
