"""Removing units and applications: stop, remove, and what goes with them."""

from __future__ import annotations

from .entities import Unit
from .secrets import Secrets


class Removal(Secrets):
    """What `juju remove-unit` and `juju remove-application` do."""

    def remove_unit(self, unit: str, by: str) -> None:
        """Remove a unit: its agent runs stop and remove, its subordinates go first.

        Without a running agent it is gone at once.

        Raises:
            ModelError: no such unit.
        """
        self.unit(unit)
        self.asked("Application.DestroyUnit", by, unit=unit)
        self._die(unit)

    def remove_application(self, application: str, by: str) -> None:
        """Remove an application with its units; it is gone with the last of them.

        Raises:
            ModelError: no such application.
        """
        self.application(application)
        self.asked("Application.DestroyApplication", by, application=application)
        self.leaving.add(application)
        for unit in self.units_of(application):
            self._die(unit.name)
        self._forget_empty(application)

    def _die(self, unit: str) -> None:
        for subordinate in list(self.units[unit].subordinates):
            self._die(subordinate)
        uniter = self.uniters[unit]
        if not uniter.alive:
            uniter.gone()
            return
        if not self.units[unit].subordinates:
            uniter.dying = True
            self.touch([unit])
        else:  # a principal waits for its subordinates (juju: unit removal)
            self.doomed.add(unit)

    def forget_unit(self, unit: Unit) -> None:
        """Take a unit out, end its tasks, and let what waited for it go on."""
        for number in self.uniters[unit.name].assigned:
            if self.tasks[number].status == "pending":
                self.end(self.tasks[number], "cancelled", "unit removed", {})
        super().forget_unit(unit)
        if unit.leader and self.units_of(unit.application):
            self.elect(self.units_of(unit.application)[0].name)
        principal = self.units.get(unit.principal)
        if principal and principal.name in self.doomed and not principal.subordinates:
            self.doomed.discard(principal.name)
            self._die(principal.name)
        self._forget_empty(unit.application)

    def _forget_empty(self, application: str) -> None:
        """Forget an application that leaves, once its last unit is gone."""
        if application not in self.leaving or self.units_of(application):
            return
        self.leaving.discard(application)
        del self.applications[application]
        for relation in list(self.relations):
            if application in {name for name, _ in relation.endpoints}:
                self.relations.remove(relation)
        for other in self.applications.values():
            for endpoint, related in list(other.relations.items()):
                if application in related:
                    related.remove(application)
                if not related:
                    del other.relations[endpoint]
