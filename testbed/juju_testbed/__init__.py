"""A Juju controller, its unit agents and the ``juju`` command, with charms that react.

Rooms, in the order they build on each other:

``model``    what a controller keeps (applications, units, machines, tasks, secrets, status
             history) and one uniter per unit; knows no network and no particular charm
``charms``   simulated charms: how those of OpenStack react, their store, bundles
``wire``     facade calls as JSON, in process or over TLS websockets
``agent``    real charms: hook environment, hook tools, ``juju-exec``
``command``  the ``juju`` command, over the same wire
``control``  ``juju-testbed``: start, stop, look, break
``judge``    reads the log of operations afterwards; imports nothing of the other rooms
"""
