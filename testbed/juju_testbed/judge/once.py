"""What must happen once happens once."""

from __future__ import annotations

from collections.abc import Iterator

from .knowledge import ORIGIN_OPTIONS
from .records import Entry, Expectations, Log, Violation

RULE = "once"
# Actions that do their work once per unit, or once per application for a dump.
_PER_UNIT = ("openstack-upgrade",)
_DUMP = "mysqldump"
_AGAIN_ALLOWED = ("failed", "cancelled", "aborted", "error")


def check(log: Log, expected: Expectations) -> Iterator[Violation]:
    """Yield every repetition."""
    yield from _options(log, expected)
    yield from _refreshes(log, expected)
    yield from _tasks(log, expected)
    yield from _already_there(log, expected)
    yield from _osd_releases(log)


def _options(log: Log, expected: Expectations) -> Iterator[Violation]:
    """An origin that stands is not sent again, and no origin is taken up twice."""
    standing: dict[tuple[str, str], str] = {}
    changed: set[tuple[str, str, str]] = set()
    for entry in log.of("asked", "config-changed"):
        if entry.event == "config-changed":
            key, value = str(entry.data["key"]), str(entry.data.get("new"))
            if key not in ORIGIN_OPTIONS:
                continue
            standing[entry.app, key] = value
            if entry.by == expected.by and (entry.app, key, value) in changed:
                yield Violation(
                    RULE, f"{entry.app}: {key} became {value} a second time", entry.seq
                )
            if entry.by == expected.by:
                changed.add((entry.app, key, value))
        elif entry.by == expected.by and entry.call == "Application.SetConfigs":
            for key, value in _mapping(entry, "config"):
                if key in ORIGIN_OPTIONS and standing.get((entry.app, key)) == value:
                    text = f"{entry.app}: {key}={value} was sent although it stood already"
                    yield Violation(RULE, text, entry.seq)


def _mapping(entry: Entry, key: str) -> list[tuple[str, str]]:
    values = entry.data.get(key) or {}
    return [(str(name), str(value)) for name, value in values.items()]


def _refreshes(log: Log, expected: Expectations) -> Iterator[Violation]:
    seen: set[tuple[str, str, str]] = set()
    for entry in log.of("asked"):
        if entry.by != expected.by or entry.call != "Application.SetCharm":
            continue
        key = (entry.app, str(entry.data.get("url")), str(entry.data.get("channel")))
        if key in seen:
            text = f"{entry.app}: refreshed to {key[1]} of {key[2]} a second time"
            yield Violation(RULE, text, entry.seq)
        seen.add(key)


def _tasks(log: Log, expected: Expectations) -> Iterator[Violation]:
    """A one-time action is enqueued again only after an attempt that did not complete.

    A command that arrives twice counts where it works: not one that failed and changed nothing.
    """
    idle = _idle(log)
    ended = {e.task: str(e.data.get("status")) for e in log.of("task-ended")}
    open_tasks: dict[tuple[str, str, str], list[int | None]] = {}
    origins: dict[str, str] = {}
    for entry in log.of("asked", "config-changed"):
        if entry.event == "config-changed":
            if entry.data["key"] in ORIGIN_OPTIONS:
                origins[entry.app] = str(entry.data.get("new"))
            continue
        what = _one_time(entry)
        if entry.by != expected.by or not what or entry.task in idle:
            continue
        whom = entry.app if what == _DUMP else entry.unit
        earlier = open_tasks.setdefault((whom, what, origins.get(entry.app, "")), [])
        for task in earlier:
            if ended.get(task, "") not in _AGAIN_ALLOWED:
                text = f"{whom}: {what} again as task {entry.task}, after task {task}"
                yield Violation(RULE, text, entry.seq)
                break
        earlier.append(entry.task)


def _idle(log: Log) -> set[int | None]:
    """Return the commands that failed, and in whose time their unit's packages did not move."""
    running: dict[str, int | None] = {}
    moved: set[int | None] = set()
    failed: set[int | None] = set()
    for entry in log.of("task-begun", "task-ended", "packages-upgraded"):
        if entry.event == "task-begun":
            running[entry.unit] = entry.task
        elif entry.event == "packages-upgraded":
            moved.add(running.get(entry.unit))
        elif str((entry.data.get("results") or {}).get("return-code", 0)) != "0":
            failed.add(entry.task)
    return failed - moved


def _one_time(entry: Entry) -> str:
    name = str(entry.data.get("name", ""))
    if entry.call == "Action.EnqueueOperation" and name in (*_PER_UNIT, _DUMP):
        return name
    command = str((entry.data.get("parameters") or {}).get("command", ""))
    if entry.call == "Action.Run" and "dist-upgrade" in command:
        return "dist-upgrade"
    return ""


def _already_there(log: Log, expected: Expectations) -> Iterator[Violation]:
    """No unit is upgraded that its origin's change, or an action, has brought there already."""
    reached: set[str] = set()
    for entry in log.of("asked", "config-changed", "workload-upgraded"):
        if entry.event == "config-changed" and entry.data["key"] in ORIGIN_OPTIONS:
            reached = {unit for unit in reached if unit.partition("/")[0] != entry.app}
        elif entry.event == "workload-upgraded" and entry.data.get("cause") != "packages":
            reached.add(entry.unit)
        elif entry.by == expected.by and _one_time(entry) in _PER_UNIT and entry.unit in reached:
            text = f"{entry.unit}: openstack-upgrade sent although it was at its target"
            yield Violation(RULE, text, entry.seq)


def _osd_releases(log: Log) -> Iterator[Violation]:
    seen: set[tuple[str, str]] = set()
    for entry in log.of("osd-release"):
        key = (entry.app, str(entry.data.get("release")))
        if key in seen:
            yield Violation(RULE, f"{key[0]}: require-osd-release {key[1]} twice", entry.seq)
        seen.add(key)
