"""The corner of Charmhub, as python-libjuju's own client of it reads it."""

from __future__ import annotations

import asyncio
import http.client
import types
import warnings

import pytest
from juju_testbed.charms.facts import catalogue
from juju_testbed.charms.profile import PROFILES
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.wire.charmhub import Charmhub

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from juju.charmhub import CharmHub


class Model:
    """As much of libjuju's model as its CharmHub needs."""

    def __init__(self, url):
        self._url = url

    def connection(self):
        return types.SimpleNamespace(https_connection=lambda: (None, {}, ""))

    async def get_config(self):
        return {"charmhub-url": types.SimpleNamespace(value=self._url)}


def with_hub(ask):
    """Serve a hub; ask it from a thread, as libjuju blocks its own loop while it asks."""

    async def main():
        hub = Charmhub(OpenStackStore(PROFILES["fast"]))
        await hub.listen()
        try:
            return await asyncio.to_thread(ask, hub.url), hub.asked
        finally:
            await hub.close()

    return asyncio.run(main())


def read(url, name):
    """Ask for all that libjuju ever asks for."""

    async def main():
        hub = CharmHub(Model(url))
        return (
            await hub.get_charm_id(name),
            await hub.is_subordinate(name),
            await hub.list_resources(name),
        )

    return asyncio.run(main())


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_libjuju_finds_every_charm_of_the_store(name):
    (told, subordinate, resources), asked = with_hub(lambda url: read(url, name))
    assert told[0]
    assert told[1] == name
    assert subordinate is catalogue()[name].subordinate
    assert resources == []
    assert asked == [name] * 3


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("GET /v2/charms/info/no-such-charm", 404, "not-found"),
        ("GET /v2/charms/find?q=nova", 404, "resource-not-found"),
        ("POST /v2/charms/info/ntp", 404, "resource-not-found"),
    ],
)
def test_what_is_not_there_is_not_found(line, code, text):
    def ask(url):
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        connection.request(*line.split())
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    (status, body), _ = with_hub(ask)
    assert status == code
    assert f'"code": "{text}"' in body
