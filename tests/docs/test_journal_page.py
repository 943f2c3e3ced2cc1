"""The pages on the journal and on metrics name what is there, all of it and nothing else."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest
import yaml
from cou.journal import FILE, Journal, schema
from cou.journal.database import Database
from cou.journal.records import POST_CHECK, Job, MarkState, RunState, StepState, Verdict
from cou.show import metrics

TOP = pathlib.Path(__file__).parents[2]
JOURNAL = (TOP / "docs/reference/journal.md").read_text()
METRICS = (TOP / "docs/reference/metrics.md").read_text()


def part(page: str, heading: str) -> str:
    """Return the text below a heading, down to the next of its level or above."""
    level = heading.split()[0]
    after = page.split(f"{heading}\n", 1)[1]
    return re.split(rf"^#{{2,{len(level)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[str]:
    """Return the code words of the first cells of all tables."""
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


@pytest.fixture
def tables(tmp_path) -> dict[str, list[str]]:
    """Return the columns of each table of a journal that was just made."""
    Journal(tmp_path).close()
    database = Database(tmp_path / FILE, create=False)
    names = database.read(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite%'"
    )
    found = {
        one["name"]: [row["name"] for row in database.read(f"pragma table_info({one['name']})")]
        for one in names
    }
    database.close()
    return found


def test_every_table_and_column_is_described_in_its_order(tables):
    described = re.findall(r"^### `([a-z]+)`$", JOURNAL, re.MULTILINE)
    assert sorted(described) == sorted(tables)
    for table, columns in tables.items():
        text = part(JOURNAL, f"### `{table}`").split("| Event |")[0]
        assert first_cells(text) == columns, table


def test_the_format_is_the_one_of_the_schema():
    assert f"its format, now {schema.FORMAT}:" in JOURNAL


def test_every_state_is_described():
    assert first_cells(part(JOURNAL, "## States of a run")) == [one.value for one in RunState]
    assert first_cells(part(JOURNAL, "## States of a step")) == [one.value for one in StepState]
    for value in [*MarkState, *Verdict, *Job]:
        assert f"`{value.value}`" in JOURNAL


def test_every_event_is_described_with_its_data():
    text = part(JOURNAL, "### `event`").split("| Event | `data` |")[1]
    described = set(first_cells(text))
    assert described == set(told())


def told():
    """Yield the names of all events that the source tells."""
    for path in (TOP / "lib/cou").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "audit":
                continue  # an event of the log, not of the journal
            place = {"_tell": 2, "add_event": 1, "add_attempt_event": 1}.get(node.func.attr)
            if place is None or len(node.args) <= place:
                continue
            if isinstance(node.args[place], ast.Name) and node.args[place].id == "POST_CHECK":
                yield POST_CHECK
            if isinstance(node.args[place], ast.Name) and node.args[place].id in own:
                yield own[node.args[place].id]
            names = [one for one in ast.walk(node.args[place]) if isinstance(one, ast.Constant)]
            yield from (one.value for one in names if isinstance(one.value, str))


def test_every_metric_is_described_in_its_own_words():
    rows = re.findall(r"^\| `(cou_[a-z_]+)` \|[^|]*\| ([^|]+) \|$", METRICS, re.MULTILINE)
    assert rows == [(one.name, one.meaning) for one in metrics.METRICS]


def test_every_alert_is_described_with_its_severity():
    rules = yaml.safe_load((TOP / "alerts/cou.rules.yaml").read_text())["groups"][0]["rules"]
    rows = re.findall(r"^\| `(Cou[A-Za-z]+)` \| ([a-z]+) \|", METRICS, re.MULTILINE)
    assert rows == [(one["alert"], one["labels"]["severity"]) for one in rules]


def test_the_folder_is_the_one_that_the_charm_writes_to():
    import metrics_file

    assert f"`{metrics_file.path('<unit>', metrics_file.FOLDER)}`" in METRICS
