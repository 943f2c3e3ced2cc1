"""The juju command, over the wire; imports no other room."""
