"""Ends a run at every named point, resumes it, and judges by the testbed's log."""
