"""The engine of cou: plan, run, stop and resume the upgrade of a Charmed OpenStack.

It imports neither ops nor the charm. Rooms, in the order data flows through them:
``juju`` -> ``cloud`` -> ``plan`` -> ``run`` (journal, executor) -> ``steps`` -> ``juju``.
"""

__version__ = "0.1.0"
