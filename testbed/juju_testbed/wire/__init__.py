"""Facade calls as JSON, in process or over TLS websockets. Builds on model."""
