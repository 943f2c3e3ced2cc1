"""What is asked of a plan: its options, the charm's settings, and the checks of their values."""
