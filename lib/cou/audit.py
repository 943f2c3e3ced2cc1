"""Security events as lines of JSON in the log, in the vocabulary of OWASP.

The form is that of Canonical's charms (SEC0045, as ops itself writes it): ``datetime``, ``level``,
``type`` (always ``security``), ``appid``, ``event`` (name, colon, arguments) and ``description``.
They go where the log goes: the run's log and the system's journal, or Juju's debug-log.
"""

from __future__ import annotations

import datetime
import enum
import json
import logging
import re

logger = logging.getLogger("cou.security")

APP_ID = "cou"
# An argument is a word: what separates arguments, lines or fields has no place in it.
_NO_WORD = re.compile(r"[^A-Za-z0-9@._/+-]+")
_LONGEST = 64


class Event(enum.Enum):
    """Names of OWASP's logging vocabulary that cou uses."""

    LOGIN = "authn_login_success"
    LOGIN_FAIL = "authn_login_fail"
    ADMIN = "authz_admin"  # an operator had something done that changes the cloud, or stops that
    STARTUP = "sys_startup"
    SHUTDOWN = "sys_shutdown"
    CRASH = "sys_crash"


# The vocabulary's own levels. The log's level is INFO for all: an operator's own cancel is no
# warning to them.
_LEVELS = {Event.LOGIN_FAIL: "WARN", Event.ADMIN: "WARN", Event.CRASH: "CRITICAL"}


def log_event(event: Event, *words: object, description: str) -> None:
    """Log one event.

    Args:
        words: its arguments as the vocabulary has them: a user, a process, an activity.
        description: one sentence for people; never a secret.
    """
    logger.info("%s", line(event, *words, description=description))


def line(event: Event, *words: object, description: str) -> str:
    """Return one event as a line of ASCII."""
    arguments = ",".join(_NO_WORD.sub("_", str(word))[:_LONGEST] for word in words)
    return json.dumps(
        {
            "datetime": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            "level": _LEVELS.get(event, "INFO"),
            "type": "security",
            "appid": APP_ID,
            "event": f"{event.value}:{arguments}" if arguments else event.value,
            "description": description,
        }
    )
