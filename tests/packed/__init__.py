"""The packed charm, with its own virtual environment, in a machine with a real systemd."""
