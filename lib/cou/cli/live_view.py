"""The live view: one look at the run as something that rich can draw."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .. import printable
from ..journal.records import MarkState, RunState
from ..plan.step import Step
from ..show import formatting
from ..show.view import View
from . import approval
from .progress_lines import took_s

_DONE_SHOWN = 4
_WAITS_SHOWN = 3
_RUNNING_SHOWN = 6


class LiveView:
    """Draws views; keeps what must go on turning from one to the next."""

    def __init__(self) -> None:
        self._spinner = Spinner("dots")

    def draw(self, view: View, now: datetime.datetime) -> RenderableType:
        """Return the picture of a view."""
        rows: list[RenderableType] = [Text(), _head(view), *_finished(view, now)]
        rows += self._running(view, now)
        if view.waits_for:
            rows.append(_text(f"  You are needed: {view.waits_for}", "bold yellow"))
        marks = [mark.id for mark in view.marks if mark.state is MarkState.SET]
        if marks:
            rows.append(_text(f"  Switched for now: {', '.join(marks)}", "dim"))
        rows.append(_text(f"  {_hint(view)}", "dim"))
        return Group(*rows)

    def _running(self, view: View, now: datetime.datetime) -> Iterator[RenderableType]:
        """Yield the piece that runs, its running steps, and what they wait for."""
        running = {step.id for step in view.running}
        for piece in approval.plan_parts(view.plan):
            if not running.intersection(piece.step_ids):
                continue
            over = len(piece.step_ids) - len(approval.open_steps(piece, view.steps))
            if piece.asked:
                yield _text(
                    f"  {piece.step.title}  ({over} of {len(piece.step_ids)} steps)", "bold"
                )
        for step in view.running[:_RUNNING_SHOWN]:
            yield Padding(self._step(step, view, now), (0, 0, 0, 4))
        for one in view.waits[:_WAITS_SHOWN]:
            # Wrapped, not cut: since when it is so stands at its end.
            yield Padding(Text(printable.line(f"waits: {one.what}"), style="cyan"), (0, 0, 0, 6))

    def _step(self, step: Step, view: View, now: datetime.datetime) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        seconds = took_s([step.id], view.steps, now)
        row.add_row(self._spinner, _text(step.title), _text(formatting.duration(seconds), "dim"))
        return row


def _head(view: View) -> RenderableType:
    over = sum(record.state.over for record in view.steps.values())
    stopping = view.state is RunState.DRAINING
    left_s = 0.0 if stopping else view.left_s
    head = Table.grid(padding=(0, 2))
    head.add_row(
        _text(f"Upgrade to {view.to}: {view.state.value}", "bold"),
        ProgressBar(total=max(1, view.total), completed=over, width=24),
        _text(f"{over} of {view.total} steps"),
        _text(f"about {formatting.duration(left_s)} left" if left_s else ""),
    )
    return head


def _finished(view: View, now: datetime.datetime) -> Iterator[RenderableType]:
    """Yield the applications and zones that were finished last, with what they took."""
    over = [
        piece
        for piece in approval.plan_parts(view.plan)
        if not approval.open_steps(piece, view.steps)
    ]
    for piece in over[-_DONE_SHOWN:]:
        seconds = took_s(piece.step_ids, view.steps, now)
        yield _text(f"  ✓ {piece.step.title}  {formatting.duration(seconds)}", "green")


def _hint(view: View) -> str:
    if view.state is RunState.DRAINING:
        return "What runs is being finished. ctrl+c: stop without waiting, which is unsafe."
    return "ctrl+c: finish what runs, then stop."


def _text(text: str, style: str = "") -> Text:
    return Text(printable.line(text), style=style, no_wrap=True, overflow="ellipsis")
