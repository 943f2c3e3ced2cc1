"""The only place that knows how Juju is asked: a small client of our own needs.

`port` says what the engine needs; `client` does it over facade calls; `transport` carries the
calls over python-libjuju. Imports `cou.errors` only.
"""
