"""A journal of each released format, as an engine of its time wrote it, opened for ever.

A format is released when it is on the main branch: from then on anybody may have a charm that
writes it. ``python -m tests.formats`` makes the file of today's format, once.
"""
