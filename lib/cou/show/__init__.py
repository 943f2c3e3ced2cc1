"""All that a person or a program reads of a run: status, progress, report, metrics."""
