"""What a real screen, that wraps and scrolls, shows of the live view and keeps of it."""

from __future__ import annotations

import shutil
import sys

import pytest

from .cloud import Cloud
from .test_transcripts import STOPPED, assert_in_order
from .tmux import Tmux

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux"),
]


def test_a_narrow_screen_shows_since_when_and_keeps_nothing_of_the_view(user, tmp_path):
    cloud = Cloud()
    cloud.hold("hook", name="upgrade-charm")
    user.knows_cloud(cloud)
    # Narrower than what is waited for is told in, so that lines of the view wrap.
    command = (sys.executable, "-m", "cou.cli", "upgrade", "--auto-approve")
    tmux = Tmux(tmp_path, user.environment, command, (60, 16))
    try:
        tmux.until("keystone/0 has not finished", " since ")
        tmux.type("C-c")
        tmux.until("What runs is being finished")
        cloud.release()
        tmux.until(STOPPED.strip())
        text = tmux.scrolled()
    finally:
        tmux.close()
        cloud.stop()
    assert_in_order(
        text,
        "Full execution log: '",
        "Running cloud upgrade...\n",
        "[2/25] Back up MySQL databases: done",
        "Canceling upgrade... (Press ctrl+c again to stop immediately)\n",
        "Finishing: Upgrade 'keystone' to the new channel",
        "[6/25] Upgrade 'keystone' to the new channel",
        STOPPED,
    )
    for drawn in ("Upgrade to victoria:", "ctrl+c: ", "waits: "):
        assert drawn not in text
