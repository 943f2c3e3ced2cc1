"""What is known of OpenStack and its charms: data files and small modules over them.

`releases`, `versions`, `tracks` and `catalogue` are tables that are validated when loaded;
`channels`, `origins` and `ceph` read the strings that charms and Ceph use; `known_issues` says
what to watch at which upgrade. Imports ``cou.errors`` only.
"""
