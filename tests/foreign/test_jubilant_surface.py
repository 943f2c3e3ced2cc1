"""Every public method of jubilant's Juju: it works, or it is refused in Juju's manner."""

from __future__ import annotations

import inspect

import jubilant
import pytest

from .conftest import BUNDLE, TINY

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.deep]

# What an administrator does to clouds, or what needs a machine of its own; see testbed/README.md.
NOT_SERVED = {
    "add_cloud": lambda juju, path: juju.add_cloud("moon", path, client=True),
    "add_credential": lambda juju, path: juju.add_credential("moon", path, client=True),
    "add_machine": lambda juju, path: juju.add_machine(),
    "add_ssh_key": lambda juju, path: juju.add_ssh_key("ssh-rsa AAAA"),
    "bootstrap": lambda juju, path: juju.bootstrap("moon", "controller"),
    "consume": lambda juju, path: juju.consume("other.database"),
    "offer": lambda juju, path: juju.offer("nova-compute", endpoint="juju-info"),
    "remove_ssh_key": lambda juju, path: juju.remove_ssh_key("key"),
    "scp": lambda juju, path: juju.scp(path, "tiny/0:/tmp"),
    "ssh": lambda juju, path: juju.ssh("tiny/0", "true"),
    "update_cloud": lambda juju, path: juju.update_cloud("moon", path, client=True),
}
OPTIONS_NOT_SERVED = {
    "add_model credential": lambda juju, path: juju.add_model("other", credential="key"),
    "add_unit attach_storage": lambda juju, path: juju.add_unit("tiny", attach_storage="data/0"),
    "deploy overlays": lambda juju, path: juju.deploy(path, overlays=[path]),
    "remove_secret revision": lambda juju, path: juju.remove_secret(
        juju.add_secret("kept", {"password": "abc"}), revision=1
    ),
}


@pytest.fixture(scope="module")
def juju(bed):
    made = jubilant.Juju(cli_binary=bed.juju, wait_timeout=60)
    path = bed.folder / "bundle.yaml"
    path.write_text(BUNDLE)
    made.deploy(path)
    made.deploy(TINY, "tiny")
    made.wait(lambda status: status.apps["tiny"].units["tiny/0"].is_blocked)
    return made


SERVED = {
    "add_model": lambda juju: _model(juju),
    "add_secret": lambda juju: juju.add_secret("one", {"password": "abc"}),
    "add_unit": lambda juju: juju.add_unit("nova-compute"),
    "cli": lambda juju: juju.cli("status"),
    "config": lambda juju: juju.config("tiny")["greeting"],
    "debug_log": lambda juju: juju.debug_log(limit=5),
    "deploy": lambda juju: juju.deploy("keystone", channel="yoga/stable", base="ubuntu@22.04"),
    "destroy_model": lambda juju: _model(juju),
    "exec": lambda juju: (juju.exec("date", unit="tiny/0"), juju.exec("date", machine=0)),
    "grant_secret": lambda juju: juju.grant_secret(_secret(juju, "two"), "tiny"),
    "integrate": lambda juju: _relation(juju),
    "model_config": lambda juju: juju.model_config()["update-status-hook-interval"],
    "model_constraints": lambda juju: juju.model_constraints({"cores": 2}),
    "refresh": lambda juju: juju.refresh("ntp", channel="latest/edge"),
    "remove_application": lambda juju: _removed(juju),
    "remove_relation": lambda juju: _relation(juju),
    "remove_secret": lambda juju: juju.remove_secret(_secret(juju, "three")),
    "remove_unit": lambda juju: juju.remove_unit("nova-compute/1"),
    "run": lambda juju: juju.run("tiny/0", "say", {"what": "hello"}),
    "secrets": lambda juju: juju.secrets(),
    "show_model": lambda juju: juju.show_model(),
    "show_secret": lambda juju: _shown(juju),
    "show_unit": lambda juju: juju.show_unit("tiny/0"),
    "status": lambda juju: juju.status(),
    "trust": lambda juju: _trusted(juju),
    "update_secret": lambda juju: juju.update_secret(_secret(juju, "five"), {"password": "new"}),
    "version": lambda juju: juju.version(),
    "wait": lambda juju: juju.wait(lambda status: "tiny" in status.apps, successes=1),
}


def _secret(juju, name):
    return juju.add_secret(f"secret-{name}", {"password": "abc"})


def _shown(juju):
    uri = _secret(juju, "four")
    juju.update_secret(uri, {"password": "newer"})
    assert juju.show_secret(uri, reveal=True).content == {"password": "newer"}
    assert juju.show_secret(uri, reveal=True, revision=1).content == {"password": "abc"}
    assert [one.revision for one in juju.show_secret(uri, revisions=True).revisions] == [1, 2]


def _trusted(juju):
    juju.trust("tiny")
    assert juju.config("tiny", app_config=True)["trust"] is True
    juju.trust("tiny", remove=True, scope="cluster")
    assert juju.config("tiny", app_config=True)["trust"] is False


def _model(juju):
    other = jubilant.Juju(cli_binary=juju.cli_binary)
    other.add_model("another")
    other.destroy_model("another")


def _relation(juju):
    juju.deploy("glance", "images", channel="yoga/stable", base="ubuntu@22.04")
    juju.integrate("images:juju-info", "tiny:info")
    assert "tiny" in str(juju.status().apps["images"].relations)
    juju.remove_relation("images", "tiny")
    assert juju.status().apps["images"].relations == {}
    juju.remove_application("images")
    juju.wait(lambda status: "images" not in status.apps, successes=1)


def _removed(juju):
    juju.deploy("placement", channel="yoga/stable", base="ubuntu@22.04")
    juju.remove_application("placement")
    juju.wait(lambda status: "placement" not in status.apps, successes=1)


def test_every_method_is_served_or_named_as_not_served():
    methods = {
        name
        for name, _ in inspect.getmembers(jubilant.Juju, inspect.isfunction)
        if not name.startswith("_")
    }
    assert set(SERVED) | set(NOT_SERVED) == methods
    assert not set(SERVED) & set(NOT_SERVED)


@pytest.mark.parametrize("method", SERVED)
def test_a_method_works(juju, method):
    SERVED[method](juju)


@pytest.mark.parametrize("asked", NOT_SERVED | OPTIONS_NOT_SERVED)
def test_what_is_not_served_says_so(juju, asked, tmp_path):
    path = tmp_path / "file.yaml"
    path.write_text("{}")
    with pytest.raises(jubilant.CLIError) as refused:
        (NOT_SERVED | OPTIONS_NOT_SERVED)[asked](juju, path)
    assert "not supported" in refused.value.stderr
