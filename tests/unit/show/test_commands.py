"""A command in a report works as it stands, in whichever form the report is read."""

from __future__ import annotations

import dataclasses
import html
import json
import os
import pathlib
import re
import subprocess

import pytest
from cou.kinds import Kind
from cou.show import formatting, run_report

from ..steps.test_databases import MYSQL, bench
from .accounts import account

DUMP = b"-- MySQL dump\n\x00\xff\r\n\n-- Dump completed on 2026-03-01\n"
# As ssh does: what is left of the words is one text for a shell there. `--pty` stands before the
# unit, since juju takes what comes after as the command's.
JUJU = """#!/bin/bash
[ "$1" = ssh ] && [ "$2" = --pty=false ] && [ "$3" = mysql-innodb-cluster/0 ] || exit 2
shift 3
exec /bin/sh -c "$*"
"""
SUDO = """#!/bin/sh
exec "$@"
"""


def told(path: pathlib.Path) -> str:
    """Return what the step says of the dump that it made."""
    made = bench()
    made.answer("mysqldump", mysqldump_file=str(path))
    made.prints("tail -n 1", "-- Dump completed on 2026-03-01")
    return made.run(Kind.BACKUP_DATABASE, MYSQL).note


def read(page: str, form: str) -> list[str]:
    """Return the lines of a report as somebody copies them."""
    if form == "json":
        return list(json.loads(page)["backups"])
    if form == "html":
        return [html.unescape(re.sub("<[^>]+>", "", line)) for line in page.splitlines()]
    return page.splitlines()


@pytest.mark.parametrize("name", ["dump.gz", "a dump's.gz"])
@pytest.mark.parametrize("form", run_report.FORMS)
def test_the_command_in_a_report_fetches_the_dump_byte_for_byte(form, name, tmp_path):
    there, here, tools = (tmp_path / each for each in ("unit", "here", "bin"))
    for folder in (there, here, tools):
        folder.mkdir()
    for tool, text in (("juju", JUJU), ("sudo", SUDO)):
        (tools / tool).write_text(text)
        (tools / tool).chmod(0o700)
    (there / name).write_bytes(DUMP)
    page = run_report.text(dataclasses.replace(account(), backups=(told(there / name),)), form)
    found = [line for line in read(page, form) if "copy it with: " in line]
    command = found[0].partition("copy it with: ")[2].strip()
    path = {"PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run(["/bin/bash", "-c", command], cwd=here, env=path, check=True)
    (copy,) = here.iterdir()
    assert (copy.name, copy.read_bytes()) == (f"mysql-innodb-cluster-0-{name}", DUMP)


@pytest.mark.parametrize("text", ["juju config a b > c", "x -> y", "a & b", "R&D 5>3"])
def test_what_means_nothing_to_markdown_stands_as_it_is(text):
    assert formatting.markdown(text).replace("&amp;", "&") == text
    assert "&gt;" not in formatting.markdown(text)


@pytest.mark.parametrize("text", ["> quoted", "  > quoted", "&gt;", "&#62;"])
def test_what_means_something_to_markdown_does_not_there(text):
    assert formatting.markdown(text) != text
