"""The processes of a run: supervisor, service, locks, and what they need of the kernel."""
