"""The Juju client's files, as people's machines have them."""

from __future__ import annotations

import pytest
import yaml
from cou.cli import juju_client_files, local_unit, location
from cou.errors import BadInput

CONTROLLERS = {
    "controllers": {
        "prod": {"uuid": "c1", "api-endpoints": ["10.0.0.1:17070", "[fd00::1]:17070"]}
        | {"ca-cert": "PEM"},
        "lab": {"uuid": "c2", "api-endpoints": ["10.9.0.1:17070"], "ca-cert": "PEM2"},
    },
    "current-controller": "prod",
}
MODELS = {
    "controllers": {
        "prod": {
            "models": {
                "admin/openstack": {"uuid": "m1"},
                "eve/openstack": {"uuid": "m2"},
                "eve/other": {"uuid": "m3"},
                "bob/twice": {"uuid": "m4"},
                "eve/twice": {"uuid": "m5"},
            },
            "current-model": "eve/other",
        },
        "lab": {"models": {"admin/cloud": {"uuid": "m6"}}},
    }
}
ACCOUNTS = {
    "controllers": {
        "prod": {"user": "admin", "password": "pw"},
        "lab": {"user": "admin@external"},
    }
}


@pytest.fixture
def juju(tmp_path):
    for name, content in (("controllers", CONTROLLERS), ("models", MODELS)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "accounts.yaml").write_text(yaml.safe_dump(ACCOUNTS))
    return {"JUJU_DATA": str(tmp_path)}


@pytest.mark.parametrize(
    ("wanted", "more", "uuid"),
    [
        ("", {}, "m3"),
        ("openstack", {}, "m1"),
        ("eve/openstack", {}, "m2"),
        ("prod:other", {}, "m3"),
        ("m5", {}, "m5"),
        ("", {"JUJU_MODEL": "prod:eve/twice"}, "m5"),
        ("openstack", {"JUJU_MODEL": "eve/other"}, "m1"),
    ],
)
def test_a_model_is_found_as_the_juju_client_finds_it(juju, wanted, more, uuid):
    access = juju_client_files.find(wanted, None, juju | more)
    assert access.model_uuid == uuid
    assert access.addresses == ("10.0.0.1:17070", "[fd00::1]:17070")
    assert (access.cacert, access.username, access.password) == ("PEM", "admin", "pw")


@pytest.mark.parametrize(
    ("wanted", "code", "next_step"),
    [
        ("nowhere:x", "controller-unknown", "juju controllers"),
        ("lab:", "no-model-selected", "juju switch"),
        ("missing", "model-unknown", "juju models"),
        ("twice", "model-ambiguous", "full name"),
    ],
)
def test_what_is_not_found_says_what_to_do(juju, wanted, code, next_step):
    with pytest.raises(BadInput) as caught:
        juju_client_files.find(wanted, None, juju)
    assert caught.value.code == code
    assert next_step in caught.value.remedy


def test_an_account_without_a_password_finds_its_journal_and_is_told_how_to_log_in(juju, tmp_path):
    found = location.find("lab:cloud", None, {}, juju | {"XDG_STATE_HOME": str(tmp_path)})
    assert found.paths.home == tmp_path / "cou" / "m6"
    with pytest.raises(BadInput, match="--login FILE"):
        found.access()


def rewrite(folder, name, **changed):
    content = yaml.safe_load((folder / f"{name}.yaml").read_text())
    content["controllers"]["prod"] |= changed
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))


@pytest.mark.parametrize(
    ("name", "changed", "code", "next_step"),
    [
        ("controllers", {"api-endpoints": []}, "no-controller-address", "juju login"),
        ("accounts", {"user": ""}, "no-account", "juju login"),
        ("accounts", {"password": None}, "account-without-password", "--login FILE"),
    ],
)
def test_what_the_client_does_not_know_is_named_with_the_way_to_it(
    juju, tmp_path, name, changed, code, next_step
):
    rewrite(tmp_path, name, **changed)
    with pytest.raises(BadInput) as caught:
        juju_client_files.checked(juju_client_files.find("", None, juju))
    assert caught.value.code == code
    assert next_step in caught.value.remedy


def test_a_file_that_holds_something_else_is_named(juju, tmp_path):
    (tmp_path / "models.yaml").write_text("- a list\n")
    with pytest.raises(BadInput, match=r"models\.yaml holds no map"):
        juju_client_files.find("", None, juju)


def test_a_state_folder_that_depends_on_where_one_stands_is_not_used():
    assert location.state_dir({"XDG_STATE_HOME": "state"}).is_absolute()
    assert location.state_dir({"XDG_STATE_HOME": "/s"}).as_posix() == "/s/cou"


def test_an_account_may_come_from_a_file(juju, tmp_path):
    login = tmp_path / "login.yaml"
    login.write_text("username: cou\npassword: '1234'\n")
    access = juju_client_files.find("lab:cloud", login, juju)
    assert (access.username, access.password) == ("cou", "1234")
    login.write_text("username: cou\n")
    with pytest.raises(BadInput, match="does not hold"):
        juju_client_files.find("lab:cloud", login, juju)


def test_a_laptop_without_a_juju_is_told_three_ways_out(tmp_path):
    with pytest.raises(BadInput) as caught:
        juju_client_files.find("", None, {"JUJU_DATA": str(tmp_path / "none")})
    assert caught.value.code == "no-juju-client-data"
    for way in ("juju login", "JUJU_DATA", "charm"):
        assert way in caught.value.remedy


def test_a_damaged_file_is_named_and_never_quoted(juju, tmp_path):
    (tmp_path / "accounts.yaml").write_text("controllers: {prod: {password: hunter2")
    with pytest.raises(BadInput) as caught:
        juju_client_files.find("", None, juju)
    assert "accounts.yaml" in caught.value.seen
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_folder_is_where_the_client_has_it(tmp_path):
    assert juju_client_files.folder({"JUJU_DATA": "/a"}).as_posix() == "/a"
    assert juju_client_files.folder({"XDG_DATA_HOME": "/b"}).as_posix() == "/b/juju"
    assert juju_client_files.folder({}).as_posix().endswith("/.local/share/juju")


def test_completion_offers_models(juju):
    assert "prod:eve/other" in juju_client_files.names(juju)
    assert "lab:admin/cloud" in juju_client_files.names(juju)


def test_each_model_has_a_journal_of_its_own(juju, tmp_path):
    environment = juju | {"XDG_STATE_HOME": str(tmp_path / "state")}
    homes = {
        location.find(name, None, {}, environment).paths.home.relative_to(tmp_path).as_posix()
        for name in ("openstack", "eve/openstack")
    }
    assert homes == {"state/cou/m1", "state/cou/m2"}


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("/var/lib/juju/agents/unit-cou-0/charm/lib/cou/__init__.py", "cou/0"),
        ("/x/agents/unit-my-cou-12/charm/venv/lib/python3/cou/__init__.py", "my-cou/12"),
        ("/home/user/charm/lib/cou/__init__.py", None),
        ("/usr/lib/python3/dist-packages/cou/__init__.py", None),
    ],
)
def test_the_commands_own_path_names_the_unit(package, name):
    home = local_unit.find_local_unit(package)
    assert (home.name if home else None) == name


def test_on_a_unit_nobody_but_its_agents_user_is_shown_an_empty_journal(tmp_path, monkeypatch):
    charm = tmp_path / "agents" / "unit-cou-0" / "charm"
    charm.mkdir(parents=True)
    monkeypatch.setattr(
        local_unit, "find_local_unit", lambda: local_unit.LocalUnit("cou/0", charm)
    )
    assert location.find("", None, {}, {}).on_unit
    monkeypatch.setattr("os.geteuid", lambda: charm.stat().st_uid + 1)
    with pytest.raises(BadInput, match="sudo"):
        location.find("", None, {}, {})
