"""Reads the log of operations afterwards and says what went wrong; imports no other room."""

from .records import BadLog, Expectations, Log, Violation, read
from .verdict import Verdict, verdict

__all__ = ["BadLog", "Expectations", "Log", "Verdict", "Violation", "read", "verdict"]
