"""Whole upgrades, typed as an operator types them; a `juju` command is all that is known."""
