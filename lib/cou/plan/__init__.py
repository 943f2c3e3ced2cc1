"""Pure functions from what is out there to what to do: no network, no clock, no disk.

Imports ``cou.openstack``, ``cou.cloud`` and ``cou.errors`` only.
"""
