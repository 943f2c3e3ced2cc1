#!/usr/bin/env python3
"""A guest book: an option, an action, a peer relation and a secret, with ops and nothing else."""

import ops


class GuestbookCharm(ops.CharmBase):
    """Greets guests and shares their names with its peers."""

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        for event in (self.on.install, self.on.start, self.on.config_changed):
            framework.observe(event, self._on_any)
        framework.observe(self.on["members"].relation_changed, self._on_any)
        framework.observe(self.on.secret_changed, self._on_any)
        framework.observe(self.on["sign"].action, self._on_sign)
        framework.observe(self.on.collect_unit_status, self._on_collect)

    def _on_any(self, event: ops.EventBase) -> None:
        """Let the status be looked at again."""

    def _on_sign(self, event: ops.ActionEvent) -> None:
        relation = self.model.get_relation("members")
        if not self._token() or relation is None:
            event.fail("the book is closed")
            return
        guests = self._guests(self.unit)
        relation.data[self.unit]["guests"] = ",".join([*guests, event.params["name"]])
        event.set_results({"said": f"{self.config['greeting']}, {event.params['name']}"})

    def _on_collect(self, event: ops.CollectStatusEvent) -> None:
        if not self._token():
            event.add_status(ops.BlockedStatus("set token"))
            return
        relation = self.model.get_relation("members")
        units = [self.unit, *(relation.units if relation else ())]
        guests = sorted(guest for unit in units for guest in self._guests(unit))
        event.add_status(ops.ActiveStatus(f"guests: {', '.join(guests) or 'none'}"))

    def _guests(self, unit: ops.Unit) -> list[str]:
        relation = self.model.get_relation("members")
        text = relation.data[unit].get("guests", "") if relation else ""
        return [name for name in text.split(",") if name]

    def _token(self) -> str:
        """Return the secret's content; empty where it is not set or not granted."""
        try:
            secret = self.model.get_secret(id=str(self.config["token"]))
            return secret.get_content(refresh=True)["token"]
        except (KeyError, ops.SecretNotFoundError, ops.ModelError):
            return ""


if __name__ == "__main__":
    ops.main(GuestbookCharm)
