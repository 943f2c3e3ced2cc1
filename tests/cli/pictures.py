"""Makes the pictures of the guide: a real upgrade in a real terminal, drawn as it looked there.

``python -m tests.cli.pictures FOLDER``. tmux is the terminal, rich turns what it shows into HTML,
and chromium makes a picture of that.
"""

from __future__ import annotations

import dataclasses
import io
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

if __name__ == "__main__":  # as a program it finds its rooms itself, as pytest's settings do
    ROOT = pathlib.Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "testbed")]

from juju_testbed.charms import bundle, profile
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.cli.cloud import Cloud, User
from tests.cli.tmux import Tmux

COLUMNS, ROWS = 110, 30
# Slow enough for a picture of each state to be taken.
SLOW = dataclasses.replace(profile.DEMO, upgrade=6.0, upgrade_charm=6.0, hook=1.0, dump=2.0)
# A character's cell in DejaVu Sans Mono of 16 px is 9.633 px wide.
FONT = "font: 16px/21px 'DejaVu Sans Mono', monospace"
WIDTH, HEIGHT = round(COLUMNS * 9.633) + 32, ROWS * 21 + 32
PAGE = (
    "<!DOCTYPE html><meta charset=utf-8><style>body {{ margin: 16px; background: #0c0c0c }} "
    f"pre {{{{ margin: 0; color: #d8dadf; {FONT} }}}}</style><pre>{{code}}</pre>"
)


def picture(tmux, path):
    """Take a picture of the screen as it is now."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), soft_wrap=True)
    console.print(Text.from_ansi(tmux.colours()), no_wrap=True)
    photograph(console.export_html(theme=MONOKAI, code_format=PAGE, inline_styles=True), path)


def photograph(page, path):
    """Make a PNG of a page."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("There is no chromium.")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "page.html")
        file.write_text(page, encoding="utf-8")
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
        subprocess.run(
            [
                browser,
                *flags,
                f"--user-data-dir={folder}/user",
                f"--window-size={WIDTH},{HEIGHT}",
                f"--screenshot={path.resolve()}",
                file.as_uri(),
            ],
            capture_output=True,
            check=True,
            timeout=120,
        )
    print(path)  # noqa: T201


def main(folder):
    """Upgrade the demo's cloud at a terminal, stop it, and take a picture of each state."""
    folder.mkdir(parents=True, exist_ok=True)
    home = pathlib.Path(tempfile.mkdtemp(prefix="cou-pictures-"))
    cloud = Cloud("openstack", bundle.DEMO.read_text(encoding="utf-8"), SLOW)
    user = User(home / "user")
    user.knows_cloud(cloud)
    command = (sys.executable, "-m", "cou.cli", "upgrade")
    tmux = Tmux(home, user.environment, command, (COLUMNS, ROWS))
    try:
        take(tmux, folder)
    finally:
        tmux.close()
        user.run("cancel", "--force")
        cloud.stop()
        shutil.rmtree(home)


def take(tmux, folder):
    """Take the pictures, in the order in which the states come."""
    tmux.say_yes()
    tmux.until("Running cloud upgrade...", "Upgrade plan for 'cinder-ceph'", "start the upgrade?")
    picture(tmux, folder / "question.png")
    for _ in range(4):
        tmux.say_yes()
    tmux.until("✓ Upgrade plan for", "has not finished", " since ")
    picture(tmux, folder / "running.png")
    tmux.type("C-c")
    tmux.until("What runs is being finished", " since ")
    picture(tmux, folder / "draining.png")
    tmux.until("has been stopped safely")
    time.sleep(1)
    picture(tmux, folder / "stopped.png")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
