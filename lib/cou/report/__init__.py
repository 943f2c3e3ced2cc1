"""Texts for people from jinja2 templates: a plan, and the report of a run.

`account` is the data of a report, which `cou.run.history` makes from the journal; `run_report`
renders it; `words` makes what comes from the model harmless. Imports ``cou.plan``.
"""
