"""One file per kind of step: describe, perform, observe (is it already so?), settle.

Imports ``cou.plan.step``, ``cou.openstack``, ``cou.juju.port`` and ``cou.errors``; what it needs
of a run it is given.

The shape of a step's ``params`` by kind; values are JSON, options are always strings:

===========================  ===========  =====================================================
kind                         target       params
===========================  ===========  =====================================================
group                        any          ``part`` (`cou.plan.step.Part`)
set-config                   application  ``key``, ``value``; ``mark`` (true: the old value is
                                          a mark, put back by a later put-back); ``was`` (the
                                          value to put back where it stands already)
refresh                      application  ``channel``, ``switch`` (``ch:<charm>`` or empty)
run-action                   unit         ``action``, ``params``
run-command                  unit         ``command``
upgrade-packages             unit         ``hold`` (packages), ``pocket`` (do nothing where the
                                          unit's APT sources already name it; may be empty)
upgrade-unit                 unit         ``actions`` (of pause, openstack-upgrade, resume, in
                                          order), ``charm``, ``release``; ``hacluster`` (a unit
                                          that is paused around it; may be missing)
wait-idle                    application  ``quiet`` (seconds), ``applications`` (what must be
                             or model     idle)
verify-workload              application  ``charm``, ``release``, ``units`` (empty: all)
verify-hypervisors-upgraded  model        ``release``, ``applications``
verify-hypervisor-empty      unit         none
backup-database              unit         none
archive-data                 unit         ``batch-size``
purge-data                   unit         ``before`` (may be empty)
set-noout                    unit         ``noout`` (true: a mark; false: puts it back)
require-osd-release          unit         none
wait-unsealed                application  none
set-compute-service          unit         ``enabled`` (false: a mark; true: puts it back where
                                          the run disabled it)
put-back                     application  ``mark`` (id of a mark)
                             or unit
===========================  ===========  =====================================================

Ids of marks: ``option:<application>:<key>``, ``compute-service:<unit>``, ``paused:<unit>``,
``noout:<application>``, ``held:<unit>``.
"""
