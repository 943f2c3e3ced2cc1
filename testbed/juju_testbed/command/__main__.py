"""``python -m juju_testbed.command``: the juju command."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

from .command import Command, Context
from .errors import CommandError, usage
from .heard import heard
from .store import ClientStore

# Module -> the commands that it knows; only the one that is asked for is loaded.
FAMILIES = {
    "configuring": ("config", "model-config"),
    "debuglog": ("debug-log",),
    "deploying": ("deploy",),
    "details": ("show-unit", "show-application", "show-status-log"),
    "models": ("controllers", "models", "show-model", "switch", "version"),
    "operations": ("operations", "show-operation", "show-task", "cancel-task", "actions"),
    "owning": ("add-model", "destroy-model", "model-constraints", "set-model-constraints"),
    "refreshing": ("refresh",),
    "running": ("run", "exec"),
    "secrets": (
        "add-secret", "grant-secret", "remove-secret", "revoke-secret", "secrets", "show-secret",
        "update-secret",
    ),
    "status": ("status",),
    "topology": (
        "add-unit", "expose", "integrate", "remove-application", "remove-relation", "remove-unit",
        "resolved", "trust",
    ),
    "users": ("add-user", "change-user-password", "grant", "revoke", "users", "whoami"),
}  # fmt: skip
FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names}
ALIASES = {
    "get-model-constraints": "model-constraints",
    "list-actions": "actions",
    "list-models": "models",
    "list-operations": "operations",
    "list-secrets": "secrets",
    "list-users": "users",
    "relate": "integrate",
    "resolve": "resolved",
}

# What a real juju has and this one has not; the whole list of what it has is in `help`.
ELSEWHERE = frozenset((
    "add-cloud", "add-credential", "add-k8s", "add-machine", "add-secret-backend", "add-space",
    "add-ssh-key", "add-storage", "agree", "agreements", "attach-resource", "attach-storage",
    "autoload-credentials", "bind", "bootstrap", "charm-resources", "clouds", "constraints",
    "consume", "controller-config", "create-backup", "create-storage-pool", "credentials",
    "dashboard", "debug-code", "debug-hook", "debug-hooks", "default-credential",
    "default-region", "destroy-controller", "detach-storage", "diff-bundle", "disable-command",
    "disable-user", "disabled-commands", "documentation", "download", "download-backup",
    "enable-command", "enable-destroy-controller", "enable-ha", "enable-user", "export-bundle",
    "find", "find-offers", "firewall-rules", "grant-cloud", "help-action-commands",
    "help-hook-commands", "import-filesystem", "import-ssh-key", "info", "kill-controller",
    "list-offers", "login", "logout", "machines", "metrics", "migrate", "model-defaults",
    "model-secret-backend", "move-to-space", "offer", "offers", "payloads",
    "refresh-controller", "regions", "register", "reload-spaces", "remove-cloud",
    "remove-credential", "remove-k8s", "remove-machine", "remove-offer", "remove-saas",
    "remove-secret-backend", "remove-space", "remove-ssh-key", "remove-storage",
    "remove-storage-pool", "remove-user", "rename-space", "resources", "resume-relation",
    "retry-provisioning", "revoke-cloud", "scale-application", "scp", "secret-backends",
    "set-application-base", "set-constraints", "set-credential", "set-firewall-rule",
    "set-meter-status", "show-action", "show-cloud", "show-controller", "show-credential",
    "show-machine", "show-offer", "show-secret-backend", "show-space", "show-storage",
    "show-user", "spaces", "ssh", "ssh-keys", "storage", "storage-pools", "subnets",
    "suspend-relation", "sync-agent-binary", "unexpose", "unregister", "update-cloud",
    "update-credential", "update-k8s", "update-public-clouds", "update-secret-backend",
    "update-storage-pool", "upgrade-controller", "upgrade-machine", "upgrade-model",
    "wait-for",
))  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    with heard():
        try:
            return _run(words)
        except CommandError as error:
            sys.stdout.flush()
            if not error.printed:
                print(f"ERROR {error}", file=sys.stderr)
            return error.code
        except KeyboardInterrupt:
            return 130


def _run(words: list[str]) -> int:
    if not words or words[0] in ("help", "-h", "--help"):
        print(_help(words[1] if len(words) > 1 else ""))
        return 0
    if words[0] == "--version":
        words = ["version"]
    name = ALIASES.get(words[0], words[0])
    if name in ELSEWHERE:
        raise CommandError(f"juju {name} is not supported by this testbed (not supported)")
    if name not in FAMILY_OF:
        raise CommandError(f'juju: "{words[0]}" is not a juju command. See "juju --help".', 2)
    command = commands(FAMILY_OF[name])[name]
    parser = command.parser(name)
    head, tail = _split(words[1:])
    options = parser.parse_intermixed_args(head)
    if tail and not hasattr(options, "words"):
        raise usage(f"unrecognized args: {tail}")
    if tail:
        options.words = [*options.words, *tail]
    context = Context(options, ClientStore.from_environment())
    try:
        return command.run(context)
    finally:
        context.close()


def commands(family: str) -> Mapping[str, Command]:
    """Load a family; return its commands by name."""
    module = importlib.import_module(f".{family}", __package__)
    known: Mapping[str, Command] = module.COMMANDS
    return known


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Split at ``--``: what stands behind it is never a flag."""
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _help(name: str) -> str:
    if name in FAMILY_OF:
        return commands(FAMILY_OF[name])[name].parser(name).format_help().rstrip("\n")
    width = max(len(name) for name in FAMILY_OF)
    known = {name: command for family in FAMILIES for name, command in commands(family).items()}
    lines = [f"    {n.ljust(width)}  {c.purpose}" for n, c in sorted(known.items())]
    return "\n".join(["Juju of a testbed. Commands:", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
