"""Simulated charms: how those of OpenStack react, their store, and bundles. Builds on model."""
