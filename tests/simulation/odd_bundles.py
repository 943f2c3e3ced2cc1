"""Clouds that nobody would draw on a whiteboard, and that exist."""

from __future__ import annotations

from . import bundles


def twofold() -> bundles.Bundle:
    """jammy/antelope: two nova-computes, two Ceph clusters, services beside hypervisors."""
    bundle = bundles.base("jammy", "antelope", zones=("az1", "", "az2", "az1"))
    hosts, apps = bundle.hosts, bundle.data["applications"]
    apps["nova-compute"].update(num_units=2, to=hosts[:2])
    bundle.add("nova-compute-gpu", charm="nova-compute", units=2, to=hosts[2:])
    bundle.beside("ovn-chassis", "nova-compute-gpu", ("neutron-plugin", "nova-compute"))
    bundle.relate("ceph-mon:client", "nova-compute-gpu:ceph")
    bundle.relate("nova-compute-gpu:amqp", "rabbitmq-server:amqp")
    bundle.relate("nova-cloud-controller:cloud-compute", "nova-compute-gpu:cloud-compute")
    bundle.add("ceph-mon-b", charm="ceph-mon", units=3)
    bundle.add("ceph-osd-b", charm="ceph-osd", units=3, to=["0", "1", "2"])
    bundle.relate("ceph-osd-b:mon", "ceph-mon-b:osd")
    apps["glance"].update(num_units=2, to=[hosts[0], "lxd:0"])
    apps["cinder"].update(num_units=2, to=[hosts[0], hosts[2]])
    apps["openstack-dashboard"].update(to=[hosts[3]])
    return bundle


def converged() -> bundles.Bundle:
    """focal/victoria: the control plane and its databases on the hypervisors' own machines."""
    bundle = bundles.base("focal", "victoria", zones=("az1", "az2", "az3"))
    apps = bundle.data["applications"]
    for name in ("keystone", "glance", "cinder", "placement", "nova-cloud-controller"):
        apps[name].update(num_units=3, to=list(bundle.hosts))
    for name in ("ceph-mon", "rabbitmq-server", "mysql-innodb-cluster", "ovn-central"):
        apps[name].update(num_units=3, to=list(bundle.hosts))
    apps["vault"].update(to=[bundle.hosts[0]])
    return bundle.testbed(older_revision=["keystone", "nova-compute", "ceph-mon"])


def motley() -> bundles.Bundle:
    """focal/ussuri: channels of all kinds, an application without units, one that is alone."""
    bundle = bundles.base("focal", "ussuri", zones=("az1", "az1"))
    apps = bundle.data["applications"]
    bundle.add("heat", units=0, to=[])
    bundle.beside("keystone-ldap", "keystone", ("domain-backend", "domain-backend"))
    bundle.beside("keystone-hacluster", "keystone", ("ha", "ha"), charm="hacluster")
    apps["keystone-ldap"]["channel"] = "latest/stable"
    apps["cinder-ceph"]["channel"] = "ussuri/edge"
    apps["keystone-hacluster"]["channel"] = "2.0.3/stable"
    apps["rabbitmq-server"]["channel"] = "3.8/stable"
    apps["keystone-kerberos"] = {"charm": "ch:keystone-kerberos", "channel": "ussuri/stable"}
    return bundle
