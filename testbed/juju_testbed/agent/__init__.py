"""Real charms: hook environment, hook tools, juju-exec. Builds on model."""
