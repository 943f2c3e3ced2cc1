"""What a run sends to Juju, and how it learns what became of that."""
