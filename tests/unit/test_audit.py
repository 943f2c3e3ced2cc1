"""Security events have the documented form, whatever stands in them."""

from __future__ import annotations

import datetime
import json
import logging
import sys

import pytest
from cou import audit
from cou.process import logs
from cou.wording import IN_DOCUMENTS
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (audit.Event.LOGIN, "INFO"),
        (audit.Event.LOGIN_FAIL, "WARN"),
        (audit.Event.ADMIN, "WARN"),
        (audit.Event.STARTUP, "INFO"),
        (audit.Event.SHUTDOWN, "INFO"),
        (audit.Event.CRASH, "CRITICAL"),
    ],
)
def test_an_event_has_all_fields_and_the_level_of_the_vocabulary(event, level):
    found = json.loads(audit.line(event, "cou", "upgrade", description="Run r1 has begun."))
    when = datetime.datetime.fromisoformat(found.pop("datetime"))
    assert when.utcoffset() == datetime.timedelta(0)
    assert found == {
        "level": level,
        "type": "security",
        "appid": "cou",
        "event": f"{event.value}:cou,upgrade",
        "description": "Run r1 has begun.",
    }


@given(st.text(), st.text())
def test_no_text_breaks_out_of_its_field(word, text):
    line = audit.line(audit.Event.ADMIN, word, "cancel", description=text)
    assert line.isascii()
    assert "\n" not in line
    found = json.loads(line)
    assert found["description"] == text
    assert found["event"].count(",") == 1


def test_the_line_goes_where_the_log_goes(caplog):
    with caplog.at_level(logging.INFO, logger="cou.security"):
        audit.log_event(audit.Event.LOGIN, "cou", description="Logged in.")
    assert json.loads(caplog.records[0].getMessage())["event"] == "authn_login_success:cou"


def test_a_message_that_quotes_the_model_stays_one_harmless_line(tmp_path):
    root = logging.getLogger()
    before, level, hook = list(root.handlers), root.level, sys.excepthook
    root.handlers.clear()
    try:
        logs.configure(tmp_path / "run.log", IN_DOCUMENTS)
        logging.getLogger("cou.x").warning(
            "failed: %s", "\x1b[2Jgone\n2025 cou.x INFO all is well"
        )
        text = (tmp_path / "run.log").read_text()
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers[:], sys.excepthook = before, hook
        root.setLevel(level)
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text
    assert "all is well" in text
