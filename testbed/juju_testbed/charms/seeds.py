"""How the simulated cloud is at its start, beyond what a bundle can say.

A bundle's own section ``testbed``, which Juju ignores in no version, so such a bundle is for
this testbed only::

    testbed:
      instances: {nova-compute/0: 3}      # running on that hypervisor
      disabled: [nova-compute/1]          # compute services that were disabled before
      paused: [glance/0]
      noout: [ceph-mon]
      deleted-rows: {nova-cloud-controller: 5000}
      older-revision: [keystone]          # the channel holds a newer revision
      seal-on-refresh: true               # vault seals itself on every refresh
      objectstore: {ceph-mon: filestore}
      health: {ceph-mon: HEALTH_ERR}
      lies:                               # unit -> how often
        idle-upgrade: {nova-compute/0: 1}     # openstack-upgrade succeeds and does nothing
        failing-upgrade: {nova-compute/1: 1}  # openstack-upgrade fails and does nothing
        late-version: {glance/0: 2}           # so many hooks still report the old version
        wrong-version: {manila/0: "1.0"}      # reported until the charm is refreshed
        stale-daemons: {ceph-osd/1: 1}        # the upgrade does not restart what it runs
        ceilometer-resume: {nova-compute/0: 1}  # resume fails: ceilometer's agent is down
        failing-hook: {keystone/1: 2}         # config-changed fails, and passes when retried
        lost-restart: {rabbitmq-server/0: 1}  # run-deferred-hooks leaves a restart behind
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import lies, status
from .bundle_source import BundleError
from .bundle_text import Bundle
from .site import Place

# What the names below each key are names of.
_OF_UNITS = ("instances", "disabled", "paused")
_OF_APPLICATIONS = ("noout", "deleted-rows", "older-revision", "objectstore", "health")


def check(bundle: Bundle) -> None:
    """Check the section against the bundle that it stands in.

    Raises:
        BundleError: an unknown key, or a name of something that the bundle does not deploy.
    """
    problems: list[str] = []
    applications = bundle.applications
    for key, value in bundle.testbed.items():
        names = list(value) if isinstance(value, (list, dict)) else []
        if key in _OF_UNITS:
            problems += [f"no unit {name}" for name in names if not _has_unit(bundle, name)]
        elif key in _OF_APPLICATIONS:
            problems += [f"no application {name}" for name in names if name not in applications]
        elif key == "lies":
            wrong = lies.problems(value)
            units = [] if wrong else [name for of in value.values() for name in of]
            problems += wrong
            problems += [f"no unit {name}" for name in units if not _has_unit(bundle, name)]
        elif key != "seal-on-refresh":
            problems.append(f"unknown key {key}")
    if problems:
        raise BundleError("testbed: " + "; ".join(problems))


def _has_unit(bundle: Bundle, name: str) -> bool:
    application, _, number = str(name).partition("/")
    spec = bundle.applications.get(application)
    return spec is not None and number.isdigit() and int(number) < spec.num_units


def plant(bundle: Bundle, place: Place) -> None:
    """Make the deployed cloud as the bundle's ``testbed`` section says; it has been checked."""
    seeds = bundle.testbed
    for name, count in _rows(seeds, "instances").items():
        place.site(name).world.instances = int(count)
    for name in seeds.get("disabled") or ():
        place.site(name).world.compute_enabled = False
    for name in seeds.get("paused") or ():
        site = place.site(name)
        site.world.paused, site.world.serving = True, False
        for service in site.facts.services:
            site.machine.services[service] = "inactive"
        status.assess(site)
    for name in seeds.get("noout") or ():
        place.cluster(name).flags.add("noout")
    for name, rows in _rows(seeds, "deleted-rows").items():
        place.cloud.deleted_rows[name] = int(rows)
    for name, kind in _rows(seeds, "objectstore").items():
        place.cluster(name).objectstore = str(kind)
    for name, health in _rows(seeds, "health").items():
        place.cluster(name).health = str(health)
    for lie, units in _rows(seeds, "lies").items():
        for name, value in units.items():
            site = place.site(name)
            site.world.lies[lie] = value if lie == lies.WRONG_VERSION else int(value)
            status.assess(site)
    place.cloud.seal_on_refresh = bool(seeds.get("seal-on-refresh"))


def _rows(seeds: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return seeds.get(key) or {}
