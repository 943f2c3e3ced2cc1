"""A journal that is deleted or replaced under a run ends its runner; no other is made."""

from __future__ import annotations

import shutil

import pytest
from cou.run.journal import FILE

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_the_runner_ends_and_says_what_runs_on(operator, how):
    operator.get_inside()
    asked = len(operator.cloud.model.log.entries)
    journal = operator.place.home / FILE
    if how == "replaced":
        shutil.copy(journal, journal.with_name("other"))
        journal.with_name("other").replace(journal)
    else:
        journal.unlink()
    operator.await_that(lambda: not operator.pids())
    assert "journal-gone: " in operator.log()
    assert "Nothing further is sent. Tasks that run on in Juju: " in operator.log()
    assert journal.exists() is (how == "replaced")
    entries = operator.cloud.model.log.entries[asked:]
    assert [e for e in entries if e["event"] == "asked"] == []
    operator.cloud.release()
