"""What is out there: a frozen snapshot of the model and what it means.

`reading` asks Juju, once and within a deadline; `cloud` makes the snapshot of it; `analysis` says
what release everything is at. Imports ``cou.openstack``, ``cou.juju.port`` and ``cou.errors``.
"""
