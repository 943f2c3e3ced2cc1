"""Where the command runs: on a unit of the charm, or on a workstation; and with which journal."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from ..control.control import Control
from ..errors import BadInput
from ..options import charm_config
from ..options.settings import Settings
from ..process import liveness
from ..process.access import Access
from ..process.paths import RunPaths
from ..wording import COMMAND_LINE, join
from . import juju_client_files, local_unit


@dataclasses.dataclass(frozen=True)
class RunLocation:
    """What the verbs need to know of their surroundings.

    Attributes:
        model: the model's name; on a unit it may be unknown (empty).
        access: returns how to log in; on a unit it asks the unit's agent.
        settings: returns the settings that a plan depends on.
        given: names of the settings that the command line gives.
        notify_charm: has the charm, where there is one, look at what a command has changed.
        check_juju: refuses the Juju of the unit's agent, if cou does not work with it; what the
            controller is, the login tells.
        on_unit: whether the journal is that of a unit of the charm.
    """

    paths: RunPaths
    model: str
    access: Callable[[], Access]
    settings: Callable[[], Settings]
    on_unit: bool
    given: frozenset[str] = frozenset()
    notify_charm: Callable[[], None] = lambda: None
    check_juju: Callable[[], None] = lambda: None

    def control(self) -> Control:
        """Return the control of this place's run."""
        return Control(self.paths, by="the command cou", style=COMMAND_LINE)


def find(
    model: str,
    login: pathlib.Path | None,
    given: Mapping[str, Any],
    environ: Mapping[str, str] = os.environ,
) -> RunLocation:
    """Find the unit that the command was installed by, else the model of the Juju client.

    Args:
        given: settings of the command line, by the names of the charm's options; each comes
            before the charm's own.

    Raises:
        BadInput: neither can be used; it says what to do.
    """
    home = local_unit.find_local_unit()
    if home is not None:
        if model or login:
            raise BadInput("model-on-unit", home=home.name)
        return _of_unit(home, given)
    access = juju_client_files.find(model, login, environ)
    folder = state_dir(environ) / access.model_uuid
    return RunLocation(
        paths=RunPaths(folder, folder / "run"),
        model=access.model,
        access=lambda: juju_client_files.checked(access),
        settings=lambda: charm_config.settings({}, given=given),
        on_unit=False,
        given=frozenset(given),
    )


def find_running(
    model: str, login: pathlib.Path | None, environ: Mapping[str, str] = os.environ
) -> RunLocation:
    """Find as `find` does, for a cancel: it needs nothing of the Juju client.

    Where the client's data cannot tell the model, the upgrade is meant that goes on here, if no
    model was named and there is one. Its model can be named by its UUID.

    Raises:
        BadInput: as `find`; it names the upgrades that go on here.
    """
    try:
        return find(model, login, {}, environ)
    except BadInput as error:
        return _going(model, environ, error)


def _going(model: str, environ: Mapping[str, str], error: BadInput) -> RunLocation:
    folders = sorted(one for one in state_dir(environ).glob("*/") if one.is_dir())
    places = [RunPaths(folder, folder / "run") for folder in folders]
    going = {one.home.name: one for one in places if liveness.is_any(one)}
    uuid = next(iter(going)) if len(going) == 1 and not model else model.rpartition(":")[2]
    if uuid not in going:
        if not going:
            raise error
        raise BadInput(
            error.code,
            error.seen,
            join(
                error.remedy,
                " To stop what goes on here, give --model with a UUID of these: ",
                f"{', '.join(going)}.",
            ),
        ) from error

    def no_access() -> Access:
        raise error

    return RunLocation(
        paths=going[uuid],
        model=uuid,
        access=no_access,
        settings=lambda: charm_config.settings({}),
        on_unit=False,
    )


def log_dir(environ: Mapping[str, str] = os.environ) -> pathlib.Path:
    """Return where the command writes its own logs; known before anything is looked for."""
    home = local_unit.find_local_unit()
    if home is not None:
        return RunPaths.of_unit(home.name, home.charm_dir).home / "log"
    return state_dir(environ) / "log"


def state_dir(environ: Mapping[str, str] = os.environ) -> pathlib.Path:
    """Return the user's folder for journals and logs: ``$XDG_STATE_HOME/cou``.

    A relative path is ignored, as its specification wants it: from another folder the journal of a
    stopped run would not be found.
    """
    state = pathlib.Path(environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        state = pathlib.Path.home() / ".local" / "state"
    return state / "cou"


def _of_unit(home: local_unit.LocalUnit, given: Mapping[str, Any]) -> RunLocation:
    # The agent's user, root, owns the charm; any other would look for the journal elsewhere.
    if home.charm_dir.stat().st_uid != os.geteuid():
        raise BadInput("not-root", home=home.name)
    paths = RunPaths.of_unit(home.name, home.charm_dir)
    return RunLocation(
        paths=paths,
        model="",
        access=lambda: local_unit.access(home),
        settings=lambda: local_unit.settings(home, given),
        on_unit=True,
        given=frozenset(given),
        notify_charm=lambda: local_unit.notify_charm(home),
        check_juju=lambda: local_unit.check_juju(home),
    )
