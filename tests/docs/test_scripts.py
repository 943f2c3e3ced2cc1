"""What is packed, pinned, audited and listed is what it should be."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import re
import subprocess
import zipfile
from types import ModuleType

import pytest

TOP = pathlib.Path(__file__).parents[2]
LOCKS = sorted(TOP.glob("requirements*.txt"))


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOP / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_by_hash_and_no_index_is_named(lock):
    text = lock.read_text()
    entries = [
        entry for entry in re.split(r"\n(?=[a-zA-Z0-9])", text) if not entry.startswith("#")
    ]
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert not re.search(r"https?://|--index|--find-links", text)


def test_nothing_that_a_listing_asks_for_is_bad():
    listing = script("listing")
    assert [row for row in listing.rows(TOP) if row[0] == "BAD"] == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('width="100"', 'width="120"', "not 100 x 100"),
        ('viewBox="0 0 100 100"', "", "another view box"),
        ("<circle", '<image href="x"/><circle', "holds a picture, text or a script"),
    ],
)
def test_a_bad_icon_is_noticed(tmp_path, before, after, fault):
    listing = script("listing")
    good = (TOP / "icon.svg").read_text()
    (tmp_path / "icon.svg").write_text(good.replace(before, after))
    assert listing.icon_faults(TOP / "icon.svg") == []
    assert fault in listing.icon_faults(tmp_path / "icon.svg")


def test_the_same_files_packed_elsewhere_and_later_give_the_same_bytes(tmp_path):
    same_bytes = script("same_bytes")
    record = "ops/main.py,sha256=x,1\n../../../bin/{0},sha256={0},2\n"
    made = []
    for number, names in enumerate((["a.py", "dispatch"], ["dispatch", "a.py"])):
        packed = tmp_path / f"{number}.charm"
        with zipfile.ZipFile(packed, "w") as charm:
            for name in names:
                entry = zipfile.ZipInfo(name, (2020 + number, 1, 1, 0, 0, 0))
                entry.external_attr = (0o100755 if name == "dispatch" else 0o100640) << 16
                charm.writestr(entry, name)
            started = f"charmcraft-started-at: '202{number}-01-01T00:00:00.1'\nbases: []\n"
            charm.writestr("manifest.yaml", started)
            charm.writestr("venv/pyvenv.cfg", f"home = /usr/bin\ncommand = /b/{number} -m venv\n")
            charm.writestr("venv/lib/ops.dist-info/RECORD", record.format(number))
        made.append(tmp_path / f"{number}.out")
        same_bytes.main(str(packed), "1700000000", str(made[-1]))
    assert made[0].read_bytes() == made[1].read_bytes()
    with zipfile.ZipFile(made[0]) as charm:
        modes = {one.filename: one.external_attr >> 16 for one in charm.infolist()}
        assert (modes["dispatch"], modes["a.py"]) == (0o100755, 0o100644)
        assert b"command" not in charm.read("venv/pyvenv.cfg")
        assert charm.read("venv/lib/ops.dist-info/RECORD") == b"ops/main.py,sha256=x,1\n"


@pytest.mark.parametrize(
    ("installed", "asked"),
    [
        ("python3-venv", "python3-apt python3-dev python3-pip"),
        ("python3-apt python3-venv python3-dev", "python3-pip"),
        ("", "python3-apt python3-dev python3-pip python3-venv"),
    ],
)
def test_packing_names_in_one_line_the_packages_that_are_to_be_installed(
    tmp_path, installed, asked
):
    query = tmp_path / "dpkg-query"
    query.write_text(
        "#!/bin/sh\n"
        "for last; do :; done\n"
        f'case " {installed} " in *" $last "*) printf installed;; *) exit 1;; esac\n'
    )
    query.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "OUT": str(tmp_path), "DESTRUCTIVE": "1"}
    done = subprocess.run(
        [TOP / "scripts/pack.sh"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert done.stdout == ""
    told = f"make pack needs packages that are not installed: sudo apt-get install {asked}\n"
    assert done.stderr == told
    for package in asked.split():
        assert package in (TOP / "CONTRIBUTING.md").read_text()


@pytest.mark.parametrize(
    "command", [["scripts/pack.sh"], ["scripts/analyse.py", "x.charm"]], ids=["pack", "analyse"]
)
def test_charmcraft_leaves_nothing_outside_of_the_clone(tmp_path, command):
    """Without this folder, as in a shell of root's, it makes one in /tmp and leaves it there."""
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\nprintf installed\n")
    charmcraft = tmp_path / "charmcraft"
    look = 'stat -c "%a %n" "$XDG_RUNTIME_DIR"'
    charmcraft.write_text(f"#!/bin/sh\n{look} >{tmp_path}/seen\nexit 1\n")
    for program in (tmp_path / "dpkg-query", charmcraft):
        program.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "OUT": str(tmp_path),
        "DESTRUCTIVE": "1",
        "CHARMCRAFT": str(charmcraft),
    }
    done = subprocess.run(
        command, cwd=TOP, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert (tmp_path / "seen").read_text() == f"700 {TOP}/.build/runtime\n", done.stderr


def test_the_whole_check_types_the_readmes_commands_and_sets_nothing_for_them():
    block = (TOP / "README.md").read_text().partition("## See it work")[2].partition("```sh")[2]
    commands = re.findall(r"^(make [a-z]+)\b", block.partition("```")[0], re.MULTILINE)
    assert commands == ["make demo", "make test"]
    check = (TOP / ".ci/run").read_text()
    for command in commands:
        assert re.search(rf"\bbare {command}$", check, re.MULTILINE), command
    assert 'env -i HOME="$HOME" LANG=C.UTF-8 PATH="$ordinary" "${by_hand[@]}" "$@"' in check
    assert subprocess.run(["bash", "-n", TOP / ".ci/run"]).returncode == 0


def test_the_whole_proof_runs_all_deep_tests_and_those_of_real_processes():
    asked = ["make", "-n", "-C", TOP, "proof", "SHARE=2/3"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    lines = said.splitlines()
    for wanted in ('--share 2/3 -m "deep and not proof"', "--share 2/3 -m proof"):
        assert [line for line in lines if line.endswith(wanted)], wanted
    assert [line for line in lines if "-m tests.proof --share 2/3" in line]


WEAK = {"id": "PYSEC-1", "fix_versions": ["2"], "aliases": [], "description": ""}


@pytest.mark.parametrize(
    ("packages", "code", "told"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "1 of 1 packages audited, 0 with"),
        ([{"name": "a", "version": "1", "vulns": [WEAK]}], 1, "a 1: PYSEC-1 (mended in 2)"),
        ([{"name": "a", "skip_reason": "not found"}], 0, "NOT AUDITED"),
        (
            [
                {"name": "a", "skip_reason": "not found"},
                {"name": "b", "version": "1", "vulns": [WEAK]},
            ],
            1,
            "NOT AUDITED",
        ),
    ],
)
def test_a_known_weakness_fails_and_ignorance_is_loud(packages, code, told):
    audit = script("audit_dependencies")
    found, lines = audit.verdict(json.dumps({"dependencies": packages}), "")
    assert found == code
    assert told in "\n".join(lines)


def test_an_audit_that_came_to_nothing_says_so():
    audit = script("audit_dependencies")
    code, lines = audit.verdict("", "Traceback\nConnectionError: no route")
    assert code == 0
    assert lines == [f"{audit.SKIPPED}: pip-audit came to no answer (ConnectionError: no route)"]
