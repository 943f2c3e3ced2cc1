"""What of a plan may begin now, as its steps come to their ends."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Container

from ..kinds import Kind
from .step import Step


@dataclasses.dataclass(frozen=True)
class WorkItem:
    """What takes one place among those that run: a step, or a group whose steps run together.

    Attributes:
        id: of the step or the group.
        group: the group that its steps stand in.
        steps: what it does, all at the same time.
        position: its place in the plan.
    """

    id: str
    group: Step
    steps: tuple[Step, ...]
    position: int


@dataclasses.dataclass
class _Node:
    step: Step
    parent: _Node | None
    item: WorkItem | None = None
    left: int = 0  # steps in and below it that are not over
    waits: int = 0  # what it comes after and is not over
    open: bool = False
    weight_s: float = 0.0
    tail_s: float = 0.0
    below: list[_Node] = dataclasses.field(default_factory=list["_Node"])
    behind: list[_Node] = dataclasses.field(default_factory=list["_Node"])


class ReadySteps:
    """Which work items have all that they come after behind them.

    Args:
        over: ids of steps that are over already.
        by_need: follow ``after``; else the plan's order, one work item after the other. A plan of
            several steps that names no ``after`` was written before there was one, and is
            followed in its order.
        expected_s: how long a step is expected to take: of those that may begin, what has the
            longest way before it comes first.
    """

    def __init__(
        self,
        root: Step,
        over: Container[str],
        *,
        by_need: bool,
        expected_s: Callable[[Step], float] = lambda step: 1.0,
    ):
        self._nodes: dict[str, _Node] = {}
        self._count = 0
        self._by_need = by_need and any(step.after for step in root.walk())
        self._working: dict[int, _Node] = {}  # by position: open, and not over
        top = self._grow(root, None, together=False)
        if self._by_need:
            self._tie(top)
            self._weigh(top, expected_s)
        for node in [*self._nodes.values()]:
            if node.step.kind is not Kind.GROUP and node.step.id in over:
                self.over(node.step.id)
        self._open(top)

    def ready(self) -> list[WorkItem]:
        """Return what may begin or is at work, what matters most first."""
        if not self._by_need:  # opened in the plan's order, so the first is the next
            found = [*itertools.islice(self._working.values(), 1)]
        else:
            found = [self._working[place] for place in sorted(self._working)]
            found.sort(key=lambda node: -self._way_s(node))
        return [node.item for node in found if node.item is not None]

    def over(self, step: str) -> None:
        """Take a step for over, once."""
        node: _Node | None = self._nodes[step]
        while node is not None:
            node.left -= 1
            if not node.left:
                if node.item is not None:
                    self._working.pop(node.item.position, None)
                for one in node.behind:
                    one.waits -= 1
                    if not one.waits and (one.parent is None or one.parent.open):
                        self._open(one)
            node = node.parent

    def _grow(self, step: Step, parent: _Node | None, *, together: bool) -> _Node:
        """Add a step and all below it; what runs together has one work item."""
        node = self._nodes[step.id] = _Node(step, parent)
        leaf = step.kind is not Kind.GROUP
        starts = leaf or (step.parallel and all(one.kind is not Kind.GROUP for one in step.steps))
        if starts and not together:
            home = step if parent is None or not leaf else parent.step
            steps = (step,) if leaf else step.steps
            node.item = WorkItem(step.id, home, steps, self._count)
            self._count += 1
        node.below = [self._grow(one, node, together=together or starts) for one in step.steps]
        node.left = int(leaf) + sum(one.left for one in node.below)
        return node

    def _tie(self, top: _Node) -> None:
        for node in self._nodes.values():
            for name in node.step.after:
                before = self._nodes.get(name)
                if before is not None and before.left:
                    before.behind.append(node)
                    node.waits += 1

    def _weigh(self, node: _Node, expected_s: Callable[[Step], float]) -> None:
        """Set how long a node takes, and how long the way is from its begin to its group's end."""
        if node.item is not None:
            node.weight_s = max(map(expected_s, node.item.steps), default=0.0)
            return
        for one in reversed(node.below):
            self._weigh(one, expected_s)
            one.tail_s = one.weight_s + max((each.tail_s for each in one.behind), default=0.0)
            node.weight_s = max(node.weight_s, one.tail_s)

    def _way_s(self, node: _Node) -> float:
        style, up = node.tail_s, node.parent
        while up is not None:
            style += max(0.0, up.tail_s - up.weight_s)
            up = up.parent
        return style

    def _open(self, node: _Node) -> None:
        node.open = True
        if node.item is not None:
            if node.left:
                self._working[node.item.position] = node
            return
        for one in node.below:
            if not one.waits:
                self._open(one)
