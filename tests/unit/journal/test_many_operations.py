"""What is looked up of a step does not grow with how much the step has sent."""

from __future__ import annotations

import pytest
from cou.journal import Journal
from cou.journal.records import Verdict

from .. import one_step


def worked(journal, look):
    """Return how many instructions SQLite carries out for a look."""
    steps = 0

    def count():
        nonlocal steps
        steps += 1

    journal._db._db.set_progress_handler(count, 1)
    look()
    journal._db._db.set_progress_handler(None, 0)
    return steps


@pytest.mark.slow
@pytest.mark.parametrize("key", ["batch-1", "batch-7", "batch-60"])
def test_an_operation_is_found_by_its_key_among_any_number(tmp_path, key):
    costs = []
    for many in (60, 240):
        journal = Journal(tmp_path / str(many))
        attempt = one_step.begin(journal)
        for number in range(1, many + 1):
            made = journal.record_intent(attempt.token, "a", f"batch-{number}", {})
            journal.record_verdict(attempt.token, made.id, Verdict.DONE, {})
        journal.record_intent(attempt.token, "a", f"{key}~2", {})
        found = journal.named(attempt.run, "a", key)
        assert [one.key for one in found] == [key, f"{key}~2"]
        assert journal.newest_name(attempt.run, "a", "batch-") == key
        costs.append(worked(journal, lambda: journal.named(attempt.run, "a", key)))  # noqa: B023
        journal.close()
    assert costs[0] == costs[1]
