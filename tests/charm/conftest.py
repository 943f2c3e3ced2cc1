from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from ops import testing

from charm import CouCharm

from . import fakes

TOP = Path(__file__).parents[2]
AGENT_CONF = """\
# format 2.0
tag: unit-cou-0
model: model-f3a1c9d2-0000-4000-8000-00000000beef
apiaddresses:
- 10.0.0.1:17070
- 10.0.0.2:17070
apipassword: of-the-agent
cacert: |
  -----BEGIN CERTIFICATE-----
  agent
  -----END CERTIFICATE-----
"""


TYPES = {str: "string", int: "integer", bool: "boolean", list: "array", float: "number"}


def one_type_each(actions: dict[str, Any], action: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the declared actions with a type for each parameter: that of the value given.

    None is declared, and Scenario wants one.
    """
    for each in actions.values():
        for spec in each.get("params", {}).values():
            spec["type"] = "string"
    for name, value in given.items():
        actions[action]["params"][name]["type"] = TYPES[type(value)]
    return actions


@pytest.fixture(autouse=True)
def _scenarios(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Scenario keep its folders where those of tests are: it leaves some at its end."""
    folder = tmp_path_factory.mktemp("scenarios", numbered=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


@dataclasses.dataclass
class House:
    """A deployed unit: its engine, and everything that a test may change before an event."""

    root: Path
    control: fakes.Control
    leader: bool = True
    unit_id: int = 0
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    secret: testing.Secret | None = dataclasses.field(
        default_factory=lambda: testing.Secret({"username": "cou", "password": "of-the-user"})
    )
    context: testing.Context[CouCharm] | None = None
    stored: frozenset[testing.StoredState] = frozenset()
    status: testing.ActiveStatus | testing.UnknownStatus = dataclasses.field(
        default_factory=testing.UnknownStatus
    )
    after: testing.State | None = None
    model_uuid: str = "f3a1c9d2-0000-4000-8000-00000000beef"
    juju: str = "3.6.14"

    @property
    def agent_conf(self) -> Path:
        return self.root / "agents" / f"unit-cou-{self.unit_id}" / "agent.conf"

    @property
    def credential(self) -> Path:
        assert self.control.place is not None
        return self.control.place.credential

    def state(self) -> testing.State:
        config = dict(self.config)
        if self.secret is not None:
            config.setdefault("credentials", self.secret.id)
        return testing.State(
            leader=self.leader,
            config=config,
            secrets=[self.secret] if self.secret is not None else [],
            stored_states=self.stored,
            unit_status=self.status,
            model=testing.Model(name="openstack", uuid=self.model_uuid),
        )

    def fire(self, name: str, *args: Any) -> testing.State:
        """Let Juju fire an event and return the state after it."""
        context = self._context()
        event = getattr(context.on, name)(*args)
        state = context.run(event, self.state())
        self.stored = frozenset(state.stored_states)
        return state

    def supervisor_tells(self) -> None:
        """Emit what a dispatch of ``hooks/run_changed`` emits, and nothing else.

        Scenario's own way to custom events reaches those of libraries only.
        """
        context = self._context()
        with context(context.on.update_status(), self.state()) as manager:
            manager.charm.on.run_changed.emit()

    def act(self, action: str, **params: Any) -> dict[str, Any]:
        """Run an action and return its results; Juju inserts no defaults, as none is declared.

        Raises:
            ActionFailed: the charm said so.
        """
        given = {name.rstrip("_").replace("_", "-"): value for name, value in params.items()}
        declared = yaml.safe_load((TOP / "actions.yaml").read_text())
        context = self._context(one_type_each(declared, action, given))
        try:
            state = context.run(context.on.action(action, params=given), self.state())
        except testing.ActionFailed as failure:
            self.stored = frozenset(failure.state.stored_states)
            raise
        self.after, self.stored = state, frozenset(state.stored_states)
        return context.action_results or {}

    def refused(self, action: str, **params: Any) -> tuple[str, dict[str, Any]]:
        """Run an action that must fail; return its message and results."""
        with pytest.raises(testing.ActionFailed) as failure:
            self.act(action, **params)
        assert self.context is not None
        return failure.value.message, self.context.action_results or {}

    @property
    def log(self) -> str:
        assert self.context is not None
        return "\n".join(entry.message for entry in self.context.juju_log)

    def _context(self, actions: dict[str, Any] | None = None) -> testing.Context[CouCharm]:
        charm_root = self.agent_conf.parent / "charm"
        charm_root.mkdir(parents=True, exist_ok=True)
        self.context = testing.Context(
            CouCharm,
            {"name": "cou"},
            actions=actions
            or one_type_each(yaml.safe_load((TOP / "actions.yaml").read_text()), "plan", {}),
            config=yaml.safe_load((TOP / "config.yaml").read_text()),
            unit_id=self.unit_id,
            charm_root=charm_root,
            juju_version=self.juju,
        )
        return self.context


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A unit with a good secret, a healthy agent and an idle engine."""
    control = fakes.Control()
    monkeypatch.setattr(CouCharm, "make_control", staticmethod(control.at))
    house = House(tmp_path, control)
    house.agent_conf.parent.mkdir(parents=True)
    house.agent_conf.write_text(AGENT_CONF)
    return house
