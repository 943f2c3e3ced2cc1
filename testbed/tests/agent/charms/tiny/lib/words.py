"""What the charm calls its version; tests change it and refresh."""

VERSION = "1.0"
