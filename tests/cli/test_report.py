"""`cou report` gives the whole run, on stdout alone, in each form."""

from __future__ import annotations

import json

import pytest


def test_before_any_run_report_says_what_to_do(cloud, user):
    code, out, err = user.run("report")
    assert code == 1
    assert out == ""
    assert "cou plan" in err


@pytest.mark.deep
@pytest.mark.slow
def test_a_run_is_reported_in_every_form(cloud, user):
    assert user.run("upgrade", "--auto-approve")[0] == 0
    code, page, err = user.run("report", "--format", "html")
    assert (code, err) == (0, "")
    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith("</html>\n")
    code, text, _ = user.run("report")
    assert code == 0
    assert text.startswith("# Upgrade cloud from 'ussuri' to 'victoria': completed\n")
    account = json.loads(user.run("report", "--format", "json")[1])
    assert account["state"] == "completed"
    assert account["sittings"][0]["how"] == "completed"
    assert all(step["tries"] for step in account["steps"] if step["state"] == "done")
    assert account["steps"][0]["title"] in page
