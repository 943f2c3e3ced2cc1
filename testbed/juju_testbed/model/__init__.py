"""What a Juju controller keeps, and one uniter per unit; no network, no particular charm."""
