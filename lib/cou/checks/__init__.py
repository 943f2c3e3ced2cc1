"""What stands against an upgrade: problems, and the code of each."""
