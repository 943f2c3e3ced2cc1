"""A refresh of the charm replaces its files under the runner: it has all it needs by then."""

from __future__ import annotations

import pathlib
import shutil
import sys
import sysconfig

import cou
import pytest
from cou.journal.records import RunState

pytestmark = pytest.mark.slow

# Python runs this before the program. It writes down every module that is looked for on the disk
# and every file that is opened: before the marker was there, and after.
WATCH = """
import os, sys
_out = os.open({out!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
_busy = False

def _look(event, arguments):
    global _busy
    if _busy or event not in ("import", "open"):
        return
    _busy = True
    try:
        if "cou.work.runner" in sys.orig_argv:
            when = "after" if os.path.exists({marker!r}) else "before"
            os.write(_out, f"{{when}} {{event}} {{arguments[0]}}\\n".encode())
    finally:
        _busy = False

sys.addaudithook(_look)
"""


@pytest.mark.deep
def test_a_run_finishes_when_every_file_of_the_charm_is_gone(operator, tmp_path, monkeypatch):
    copy = tmp_path / "charm" / "lib"
    source = pathlib.Path(cou.__file__).parent
    shutil.copytree(source, copy / "cou", ignore=shutil.ignore_patterns("__pycache__"))
    marker, out = tmp_path / "replaced", tmp_path / "looked-for"
    watch = WATCH.format(out=str(out), marker=str(marker))
    (copy / "sitecustomize.py").write_text(watch)
    # The supervisor and the runner are started from where this process found the engine.
    monkeypatch.setattr(cou, "__file__", str(copy / "cou" / "__init__.py"))
    operator.get_inside()
    marker.touch()
    shutil.rmtree(copy)
    # A new connection and a new login are for later too.
    operator.cloud.loop.call_soon_threadsafe(operator.cloud.server.drop_all)
    operator.cloud.release()
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert "Traceback" not in operator.log()
    looked = [line.split(" ", 2) for line in out.read_text().splitlines()]
    assert ["before", "import", "cou.work.executor"] in looked, "the watch does not work"
    after = [(event, what) for when, event, what in looked if when == "after"]
    assert operator.log().count("authn_login_success") > 1, "there was no other login"
    folders = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(copy))
    assert [what for event, what in after if event == "open" and what.startswith(folders)] == []
    imported = {what.partition(".")[0] for event, what in after if event == "import"}
    assert imported <= sys.stdlib_module_names
