"""The server process of a testbed: ``python -m juju_testbed.control.server``."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import os
import pathlib
import shlex
import signal
import sys

import yaml

from .. import command as command_room
from ..command.store import Account, ClientStore, Controller, ModelRef
from ..wire.charmhub import Charmhub
from ..wire.server import serve
from . import state as states
from .door import Door
from .faults import Faults
from .handlers import Handlers
from .world import Settings, World

PACKAGE_PARENT = pathlib.Path(command_room.__file__).parents[2]


async def run(state: states.State, settings: Settings, stay: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT; then nothing of it is left but what charms left running.

    Args:
        state: the folder, prepared.
        settings: of the testbed.
        stay: a pipe from whoever starts it. Where that ends before it has said anything, so does
            the server.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if stay is not None:
        _stop_unless_told(stay, stop)
    world = World(settings, state.folder, state.operation_log)
    server = await serve(world.controller, port=settings.port)
    charmhub = Charmhub(world.model.store)
    await charmhub.listen()
    world.model.config["charmhub-url"] = charmhub.url
    faults = Faults(server, world.model, world.start(sys.executable))
    handlers = Handlers(world, faults)
    handlers.register()
    door = Door(world, handlers.control())
    await door.open(state.door)
    write_client(state, world)
    model = (world.model.name, world.model.uuid)
    state.write(states.own_record(world.testbed, server.address, model, settings.profile))

    def moved() -> None:
        addresses = world.controller.addresses
        world.learn_addresses()
        ClientStore(state.juju_data).set_endpoints(world.controller.name, addresses)
        state.write(states.own_record(world.testbed, addresses[0], model, settings.profile))

    faults.moved = moved
    await stop.wait()
    await door.close()
    await faults.close()
    await world.stop()
    await server.close()
    await charmhub.close()
    state.record.replace(state.last)


def _stop_unless_told(stay: int, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def heard() -> None:
        if not os.read(stay, 16):
            stop.set()
        loop.remove_reader(stay)
        os.close(stay)

    loop.add_reader(stay, heard)


def write_client(state: states.State, world: World) -> None:
    """Write the client's files and the juju command."""
    controller = world.controller
    ClientStore(state.juju_data).write(
        Controller(controller.name, controller.uuid, tuple(controller.addresses), controller.ca),
        Account("admin", world.password),
        [ModelRef(f"admin/{world.model.name}", world.model.uuid)],
    )
    # Started once for each line typed, so without what a Python of its own would look up first.
    paths = [str(PACKAGE_PARENT), str(pathlib.Path(yaml.__file__).parents[1])]
    program = (
        f"import sys; sys.path += {paths!r}; "
        "from juju_testbed.command.__main__ import main; sys.exit(main())"
    )
    # The data folder is fixed, so that this juju can never reach another controller.
    state.juju.write_text(
        "#!/bin/sh\n"
        f"export JUJU_DATA={shlex.quote(str(state.juju_data))}\n"
        f'exec {shlex.quote(sys.executable)} -I -S -c {shlex.quote(program)} "$@"\n',
        encoding="utf-8",
    )
    state.juju.chmod(0o755)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the settings, which `up` passes on."""
    made = argparse.ArgumentParser(add_help=False)
    for field in dataclasses.fields(Settings):
        flag = f"--{field.name.replace('_', '-')}"
        if field.type in ("bool", bool):
            made.add_argument(flag, action="store_true")
        else:
            kind = {"int": int, "float": float}.get(str(field.type), str)
            made.add_argument(flag, type=kind, default=field.default)
    return made


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings that were parsed."""
    names = [field.name for field in dataclasses.fields(Settings)]
    return Settings(**{name: getattr(options, name) for name in names})


def main() -> int:
    """Serve the testbed of a prepared folder."""
    root = argparse.ArgumentParser(parents=[parser()])
    root.add_argument("--state", type=pathlib.Path, required=True)
    root.add_argument("--stay", type=int, help="a pipe that says whether it is to stay")
    options = root.parse_args()
    state = states.State(options.state)
    lock = state.lock()
    try:
        asyncio.run(run(state, settings_of(options), options.stay))
    finally:
        lock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
