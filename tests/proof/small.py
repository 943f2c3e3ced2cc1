"""A small cloud that has every kind of step in its plan."""

from __future__ import annotations

BUNDLE = """
series: focal
machines:
  '0': {}
  '1': {constraints: zones=az1}
  '2': {constraints: zones=az2}
applications:
  vault: {charm: ch:vault, channel: 1.7/stable, num_units: 1, to: [lxd:0]}
  rabbitmq-server: {charm: ch:rabbitmq-server, channel: 3.8/stable, num_units: 1, to: [lxd:1],
    options: {source: distro}}
  keystone: {charm: ch:keystone, channel: ussuri/stable, num_units: 2, to: [lxd:0, lxd:1]}
  nova-cloud-controller: {charm: ch:nova-cloud-controller, channel: ussuri/stable, num_units: 1,
    to: [lxd:0]}
  mysql-innodb-cluster: {charm: ch:mysql-innodb-cluster, channel: 8.0/stable, num_units: 1,
    to: [lxd:0]}
  ceph-mon: {charm: ch:ceph-mon, channel: octopus/stable, num_units: 1, to: [lxd:2],
    options: {source: distro}}
  ceph-osd: {charm: ch:ceph-osd, channel: octopus/stable, num_units: 2, to: ['1', '2'],
    options: {source: distro}}
  nova-compute: {charm: ch:nova-compute, channel: ussuri/stable, num_units: 2, to: ['1', '2']}
  neutron-api: {charm: ch:neutron-api, channel: ussuri/stable, num_units: 1, to: [lxd:2]}
  neutron-api-plugin-ovn: {charm: ch:neutron-api-plugin-ovn, channel: ussuri/stable}
relations:
- [neutron-api, neutron-api-plugin-ovn]
- [ceph-osd, ceph-mon]
testbed:
  older-revision: [vault]
  deleted-rows: {nova-cloud-controller: 2500}
"""
