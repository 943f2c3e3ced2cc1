"""The client's files are YAML, whoever has written them."""

from __future__ import annotations

import pathlib

import yaml
from juju_testbed.command.store import Account, ClientStore, Controller, ModelRef

PROD = Controller("prod", "c-1", ("10.0.0.1:17070",), "-----BEGIN\nünd END-----\n")


def test_what_is_written_is_yaml_and_is_read_back_from_yaml_of_any_kind(tmp_path: pathlib.Path):
    store = ClientStore(tmp_path)
    store.write(PROD, Account("admin", "secret"), [ModelRef("admin/cloud", "m-1")])
    for path in tmp_path.iterdir():
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text())))
    assert store.model() == (PROD, ModelRef("admin/cloud", "m-1"))
    store.set_password("prod", "new: word")
    assert yaml.safe_load((tmp_path / "accounts.yaml").read_text())["controllers"]["prod"] == {
        "user": "admin",
        "password": "new: word",
        "last-known-access": "superuser",
    }
