"""Juju's error replies and a lost connection, as errors with a code of ours and a remedy."""

from __future__ import annotations

from ..errors import JujuError
from .versions import VERSIONS

BUSY = "Juju was busy with the same things: try again."
UNEXPLAINED = "juju-refused"
"""The code of an error reply without a code of Juju's that we know: it proves nothing."""

# Juju's code -> ours and what to do (codes: Juju rpc/params/apierror.go).
_REFUSALS = {
    "unauthorized access": (
        "permission-denied",
        "Give the account admin access: `juju grant USER admin MODEL`.",
    ),
    "not found": ("not-found", "Look whether it is still in the model (`juju status`)."),
    "user not found": ("login-refused", "Look at the account in the charm's secret."),
    "model not found": (
        "model-gone",
        "The model is not on this controller any more: look for it with `juju models`.",
    ),
    "operation is blocked": (
        "operation-blocked",
        "Changes are disabled on the model: `juju enable-command all`, then go on.",
    ),
    "upgrade in progress": (
        "upgrade-in-progress",
        "The controller is being upgraded; go on when it is done.",
    ),
    "model migration in progress": (
        "migration-in-progress",
        "The model is moving to another controller; go on when it has arrived.",
    ),
    "redirection required": (
        "model-moved",
        "The model has moved; give the new controller's addresses and certificate.",
    ),
    "not implemented": ("not-supported", f"Use cou with Juju {VERSIONS}."),
    "not supported": ("not-supported", f"Use cou with Juju {VERSIONS}."),
    "try again": ("try-again", BUSY),
    "excessive contention": ("try-again", BUSY),
    "not yet available; try again later": ("try-again", BUSY),
    "stopped": ("interrupted", "The controller stopped in the middle: try again when it is back."),
    "deadline exceeded": (
        "interrupted",
        "The controller took too long: look at its load, then try again.",
    ),
}

# Replies that say that the controller broke off, not that it refused.
_BROKEN_OFF = ("interrupted",)

# What goes away by itself, so that a read is asked again.
TEMPORARY = frozenset(
    (
        "controller-unreachable",
        "connection-lost",
        "timeout",
        "interrupted",
        "upgrade-in-progress",
        "migration-in-progress",
        "try-again",
    )
)


def refused(where: str, message: str, juju_code: str, *, changes: bool) -> JujuError:
    """Turn an error reply into an error.

    A reply says that nothing was done, but for the few by which the controller says that it was
    interrupted itself. One that is `UNEXPLAINED` is a refusal as a rule; but what a controller's
    database says when it breaks off has no code either, and then the change may have been made.

    Args:
        where: facade and method, and the element of a bulk call.
        juju_code: Juju's code; often empty.
        changes: whether the call changes something.
    """
    if not juju_code and message == "permission denied":
        juju_code = "unauthorized access"
    code, remedy = _REFUSALS.get(
        juju_code, (UNEXPLAINED, "Mend what Juju names there, then try again.")
    )
    unknown = changes and code in _BROKEN_OFF
    return JujuError(
        code,
        f"{where}: {message or 'refused without a reason'}.",
        remedy,
        juju_code=juju_code,
        sent=None if unknown else False,
    )


def login_refused(address: str, message: str, juju_code: str) -> JujuError:
    """Turn the error reply of a login into an error."""
    where = f"Login at {address}"
    if juju_code in ("unauthorized access", "unauthorized", ""):
        return JujuError(
            "login-refused/login-refused", where=where, message=message, juju_code=juju_code
        )
    return refused(where, message, juju_code, changes=False)


def unreachable(address: str, reason: str) -> JujuError:
    """Say that no connection came about; nothing was sent."""
    return JujuError("controller-unreachable/unreachable", address=address, reason=reason)


def no_login(address: str, what: str) -> JujuError:
    """Say that a login was answered with what is no answer to one; nothing was sent."""
    return JujuError("controller-unreachable/no-login", address=address, what=what)


def certificate_refused(address: str, reason: str) -> JujuError:
    """Say that the controller showed a certificate of another authority; nothing was sent."""
    return JujuError("certificate-refused", address=address, reason=reason)


def lost(where: str, reason: str, *, sent: bool, changes: bool) -> JujuError:
    """Say that the connection broke.

    Args:
        where: facade and method.
        reason: what the socket said.
        sent: whether the request may have left.
        changes: whether the call changes something.
    """
    doubt = " Whether it was done is not known." if sent and changes else ""
    return JujuError(
        "connection-lost", where=where, reason=reason, doubt=doubt, sent=None if sent else False
    )


def timed_out(where: str, seconds: float, *, changes: bool) -> JujuError:
    """Say that a request went out and no answer came in time."""
    doubt = " Whether it was done is not known." if changes else ""
    return JujuError(
        "timeout/timed-out", where=where, seconds=f"{seconds:g}", doubt=doubt, sent=None
    )


def bad_reply(where: str, what: str, *, changes: bool) -> JujuError:
    """Say that an answer has not the expected form.

    Args:
        where: facade and method.
        what: the field, and what was expected of it.
        changes: whether the call changes something; it may have been done then.
    """
    return JujuError("bad-reply", where=where, what=what, sent=None if changes else False)
