"""juju-testbed: start, stop, look at and break a testbed. Builds on every other room."""
