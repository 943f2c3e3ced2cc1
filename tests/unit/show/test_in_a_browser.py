"""The report as a real browser takes it: nothing runs, nothing is fetched, nothing sticks out."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from cou.show import run_report

from .accounts import account

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOSTILE = (
    "<script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\">"
    "</style></title><svg onload=\"document.title='owned'\">"
    "\" autofocus onfocus=\"document.title='owned'\" x='"
)
CSP = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
MEASURE = """<script>
const all = document.documentElement;
document.title = `${all.scrollWidth - all.clientWidth} too wide for ${window.innerWidth}`;
</script>"""


def dom(page: str, folder: pathlib.Path, *flags: str) -> str:
    """Return the document that the browser makes of a page, after its scripts would have run."""
    file = folder / "page.html"
    file.write_text(page)
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={folder / 'user'}",
            *flags,
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
        env={**os.environ, "HOME": str(folder)},  # its reports of crashes lie there in any case
    )
    return done.stdout


def title(document: str) -> str:
    found = re.search(r"<title>(.*?)</title>", document, re.DOTALL)
    assert found
    return found[1]


def test_hostile_names_run_nothing_even_without_the_content_policy(tmp_path):
    page = CSP.sub("", run_report.html(account(HOSTILE)))
    document = dom(page, tmp_path)
    assert title(document) != "owned"
    assert not re.search(r"<(script|img|svg)\b", document)
    assert not re.search(r"<[^>]*\son(error|load|focus)=", document)


def test_the_browser_would_have_run_it(tmp_path):
    """The test above can fail: unescaped, the same text takes the title."""
    page = CSP.sub("", run_report.html(account())).replace("<body>", f"<body>{HOSTILE}")
    assert title(dom(page, tmp_path)) == "owned"


def test_the_content_policy_alone_stops_a_script(tmp_path):
    page = run_report.html(account()).replace("<body>", f"<body>{HOSTILE}")
    assert title(dom(page, tmp_path)) != "owned"


@pytest.mark.parametrize("width", [500, 800, 1400])
def test_nothing_sticks_out_sideways(tmp_path, width):
    """500 is the narrowest window of headless Chromium."""
    page = CSP.sub("", run_report.html(account("a-rather-long-name/12 " * 4 + "x" * 200)))
    page = page.replace("</body>", f"{MEASURE}</body>")
    assert title(dom(page, tmp_path, f"--window-size={width},900")) == f"0 too wide for {width}"
