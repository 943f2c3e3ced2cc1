"""The main job shown on a testbed: plan, upgrade, cancel, force, resume, to the end."""
