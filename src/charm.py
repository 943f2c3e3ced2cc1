#!/usr/bin/env python3
"""The charm: events and actions in, status out. What an upgrade is, the engine knows."""

from __future__ import annotations

import datetime
import logging
import os
from typing import TYPE_CHECKING

import cou
import ops
from cou.control import account_secret, unit_environment
from cou.control.control import Control
from cou.errors import CouError
from cou.journal.records import SIGNAL, Job, Limit, RunState
from cou.options import charm_config
from cou.options.options import Options
from cou.options.settings import Settings
from cou.process import launcher, logs, processes
from cou.process.access import Access
from cou.process.paths import RunPaths

import account_handover
import command
import credentials
import metrics_file
import parameters
import removal
import results
import unit_status

if TYPE_CHECKING:
    from cou.control.answers import PlanAnswer

logger = logging.getLogger(__name__)


def make_control(paths: RunPaths) -> Control:
    """Return the engine of a unit."""
    return Control(paths, style=paths.style)


class RunChanged(ops.EventBase):
    """The supervisor tells that the run has changed (through juju-exec)."""


class CouEvents(ops.CharmEvents):
    """Juju's events and ours."""

    run_changed = ops.EventSource(RunChanged)


class CouCharm(ops.CharmBase):
    """Plans, starts, stops and shows the upgrade of the model that it lives in.

    Attributes:
        make_control: gives the engine of a place; tests put their own here.
        make_launcher: gives what starts its processes.
        metrics_folder: where a node exporter reads files.
    """

    # not_taken: why the controller did not take the account when it was last asked, or empty.
    # not_taken_of: the fingerprint of that account.
    # told: the status that was set last, if the run was all that it told of; or empty.
    _stored = ops.StoredState()
    on = CouEvents()  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]
    make_control = staticmethod(make_control)
    make_launcher = staticmethod(launcher.of)
    metrics_folder = metrics_file.FOLDER

    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        self._paths = RunPaths.of_unit(self.unit.name, self.charm_dir)
        logs.make_harmless(logging.getLogger().handlers, self._paths.style)
        self._engine = self.make_control(self._paths)
        self._launcher = self.make_launcher(self._paths)
        self._stored.set_default(not_taken="", not_taken_of="", told="")
        self._handover = account_handover.Handover(self._engine, self._access)
        self._read_access: Access | None = None
        self._removed = False
        self._trouble: CouError | None = None  # what would keep the next run from starting
        self._nobody_acts = False  # an event by which nobody has tried to mend it
        self._asks_only = False  # an action that leaves account and settings as they are
        events, observe = self.on, framework.observe
        observe(events.install, self._on_new_files)
        observe(events.upgrade_charm, self._on_new_files)
        observe(events.start, self._on_new_files)  # after a boot, what was below /run is gone
        for event in (
            events.config_changed,
            events.secret_changed,
            events.update_status,
            events.leader_elected,
            events.run_changed,
        ):
            observe(event, self._on_something_changed)
        for event in (events.config_changed, events.secret_changed):
            observe(event, self._on_account_changed)
        observe(events.stop, self._on_stop)
        observe(events.remove, self._on_remove)
        observe(events.collect_unit_status, self._on_collect_unit_status)
        observe(events.collect_unit_status, self._on_look_again)
        observe(events.collect_unit_status, self._on_show_metrics)
        observe(events["plan"].action, self._on_plan_action)
        observe(events["upgrade"].action, self._on_upgrade_action)
        observe(events["upgrade-step"].action, self._on_upgrade_step_action)
        observe(events["cancel"].action, self._on_cancel_action)
        observe(events["status"].action, self._on_status_action)
        observe(events["restore"].action, self._on_restore_action)
        observe(events["abandon"].action, self._on_abandon_action)
        observe(events["resolve-step"].action, self._on_resolve_step_action)
        observe(events["report"].action, self._on_report_action)

    # Events

    def _on_new_files(self, event: ops.EventBase) -> None:
        self.unit.set_workload_version(cou.__version__)
        try:
            self._launcher.prepare()
        except CouError as error:
            logger.error("%s: %s", error.code, error)  # `upgrade` tries again, and says so
        if self._paths.service:
            command.install(self.charm_dir)
        self._on_something_changed(event)

    def _on_something_changed(self, event: ops.EventBase) -> None:
        """Bring the account and an interrupted run in line with what is so now.

        The status follows by itself: it is collected after every event.
        """
        self._nobody_acts = isinstance(event, ops.UpdateStatusEvent | RunChanged)
        try:
            try:
                if self.config.get("auto-resume"):
                    self._resume_interrupted()
            finally:
                self._handover.look_after(view := self._engine.view())
            if isinstance(event, ops.UpdateStatusEvent) and view and view.state.finished:
                self._engine.find_late_arrivals(self._access)
        except CouError as error:
            # Not for the hook to fail at: the status says it, and the next event looks again.
            logger.warning("%s: %s", error.code, error)
        except OSError as error:
            logger.error("The run could not be looked after: %s", error)

    def _on_account_changed(self, _: ops.EventBase) -> None:
        """Forget that the account was not taken, if it is another one now.

        Juju may run an action before the hook that tells of the very change that it saw.
        """
        if not self._stored.not_taken:
            return
        try:
            access = self._access()
        except CouError:
            self._stored.not_taken = ""  # whatever it is, the status says it
            return
        if not credentials.is_fingerprint_of(str(self._stored.not_taken_of), access):
            self._stored.not_taken = ""

    def _on_stop(self, _: ops.StopEvent) -> None:
        """End the runner and say what it leaves behind: the charm is being removed."""
        removal.end_run(self._engine, self._access_or_none)

    def _on_remove(self, _: ops.RemoveEvent) -> None:
        """Delete the journal, unless a run in it is not finished."""
        self._handover.remove()
        self._removed = True
        metrics_file.remove(self.unit.name, self.metrics_folder)
        if self._paths.service:
            command.remove(self.charm_dir)
        try:
            self._launcher.remove()
        except CouError as error:
            logger.error("%s: %s", error.code, error)
        removal.delete_journal(self._engine, self._paths)

    def _on_collect_unit_status(self, event: ops.CollectStatusEvent) -> None:
        before, self._stored.told = str(self._stored.told), ""
        try:
            view = self._engine.view()
        except CouError as error:
            self._tell_trouble(event, error)
            return
        leads = self.unit.is_leader()
        status = unit_status.of(view, self.unit.name, leads, os.environ)
        told = f"{status.name}: {status.message}"
        if not (self._asks_only and told == before):
            event.add_status(status)
            # While a run goes on, what is wrong here concerns the next one; and nothing found
            # here is shown before what blocks the run.
            live = view is not None and view.state.going
            if not live and not isinstance(status, ops.BlockedStatus) and self._is_kept(event):
                return
        self._stored.told = told

    def _is_kept(self, event: ops.CollectStatusEvent) -> bool:
        """Tell what would keep the next run from starting; return whether anything would."""
        try:
            self._settings()
            self._access()
        except CouError as error:
            self._tell_trouble(event, error)
            return True
        if self._stored.not_taken:
            event.add_status(unit_status.not_taken(str(self._stored.not_taken), self.unit.name))
        return bool(self._stored.not_taken)

    def _tell_trouble(self, event: ops.CollectStatusEvent, trouble: CouError) -> None:
        self._trouble = trouble
        event.add_status(unit_status.of_error(trouble, self.unit.name))

    def _on_look_again(self, _: ops.CollectStatusEvent) -> None:
        """Have the status go by itself where Juju will not tell that its cause is gone."""
        trouble = None if self._removed else self._trouble
        try:
            if trouble is not None and unit_status.mends_without_event(trouble):
                self._launcher.look_again(anew=not (self._nobody_acts or self._asks_only))
            else:
                self._launcher.look_no_more()
        except (CouError, OSError) as error:
            logger.warning("The status follows with the next event only: %s", error)

    def _on_show_metrics(self, _: ops.CollectStatusEvent) -> None:
        """Show the run to a node exporter: after every event, which is when this one comes."""
        if not self._removed:
            metrics_file.show(self._engine.metrics, self.unit.name, self.metrics_folder)

    # Actions

    def _on_plan_action(self, event: ops.ActionEvent) -> None:
        with results.failing_on_error(event, self._paths.style):
            form = parameters.choice(event.params, "format", parameters.PLAN_FORMATS)
            settings = self._settings()
            options = parameters.plan_options(event.params, settings)
            shown = self._planned(settings, options)
            folder = self._paths.home / "plans"
            view, leads = self._engine.view(), self.unit.is_leader()
            next_step = results.after_plan(shown, view, self.unit.name, leads)
            results.set_results(
                event, results.plan(shown, form, folder, next_step, self._paths.style)
            )

    def _on_upgrade_action(self, event: ops.ActionEvent) -> None:
        with results.failing_on_error(event, self._paths.style):
            plan_hash = parameters.plan_hash(event.params)
            now = datetime.datetime.now(datetime.timezone.utc)
            self._start(event, plan_hash, parameters.until(event.params, now), None)

    def _on_upgrade_step_action(self, event: ops.ActionEvent) -> None:
        with results.failing_on_error(event, self._paths.style):
            self._start(event, None, None, parameters.limit(event.params))

    def _on_cancel_action(self, event: ops.ActionEvent) -> None:
        self._asks_only = True
        with results.failing_on_error(event, self._paths.style, acknowledged="no"):
            if parameters.flag(event.params, "force"):
                forced = self._engine.force(self._access_or_none())
                view = removal.view_or_none(self._engine)
                results.set_results(event, results.force(forced, view))
                self._handover.follow(view)
            else:
                results.set_results(event, results.cancel(self._engine.cancel()))

    def _on_status_action(self, event: ops.ActionEvent) -> None:
        self._asks_only = True
        with results.failing_on_error(event, self._paths.style):
            form = parameters.choice(event.params, "format", parameters.STATUS_FORMATS)
            folder = self._paths.home / "plans"
            view = self._engine.view(estimated=True)
            results.set_results(event, results.status(view, form, self.unit.name, folder))

    def _on_restore_action(self, event: ops.ActionEvent) -> None:
        with results.failing_on_error(event, self._paths.style):
            # What is put back for a while is switched again by the upgrade, which cannot go on.
            unit_environment.check_juju(os.environ)
            results.set_results(event, {"message": self._engine.restore(self._access()).message})

    def _on_abandon_action(self, event: ops.ActionEvent) -> None:
        with results.failing_on_error(event, self._paths.style):
            try:
                results.set_results(event, results.abandon(self._engine.abandon(self._access())))
            finally:
                self._handover.follow(self._engine.view())

    def _on_resolve_step_action(self, event: ops.ActionEvent) -> None:
        with results.failing_on_error(event, self._paths.style):
            step = parameters.words(event.params, "step")
            resolution = parameters.must_choose(event.params, "as", parameters.RESOLUTIONS)
            reason = parameters.words(event.params, "reason")
            resolved = self._engine.resolve_step(step, resolution, reason)
            results.set_results(event, {"message": resolved.message})

    def _on_report_action(self, event: ops.ActionEvent) -> None:
        self._asks_only = True
        with results.failing_on_error(event, self._paths.style):
            form = parameters.choice(event.params, "format", parameters.REPORT_FORMATS)
            folder = self._paths.home / "reports"
            results.set_results(
                event, results.report(self._engine.report(form), self.unit.name, folder)
            )

    def _planned(self, settings: Settings, options: Options) -> PlanAnswer:
        """Plan, and keep for the status whether the controller takes the account."""
        view = self._engine.view()
        # What is left of a run is shown from the journal, whatever Juju there is.
        if view is None or not view.state.unfinished:
            unit_environment.check_juju(os.environ)
        access = self._access()
        try:
            shown = self._engine.plan(access, settings, options)
        except CouError as error:
            if error.code in credentials.REFUSALS:
                self._stored.not_taken = str(error.seen)  # ops keeps plain types alone
                self._stored.not_taken_of = credentials.fingerprint(access)
            raise
        self._stored.not_taken = ""
        return shown

    # What they share

    def _settings(self) -> Settings:
        return charm_config.settings(self.config, self.app.name)

    def _access(self) -> Access:
        """Return the account and where to log in; the secret is read once per event."""
        if self._read_access is None:
            uri = str(self.config.get(account_secret.OPTION) or "")
            login = credentials.read(self.model, uri, self.app.name)
            around = unit_environment.read(self.charm_dir, os.environ)
            self._read_access = login.at(around)
        return self._read_access

    def _access_or_none(self) -> Access | None:
        """Return it for what works without too: a forced cancel never waits for a secret."""
        try:
            return self._access()
        except CouError as error:
            logger.warning("%s: %s", error.code, error)
            return None

    def _start(
        self,
        event: ops.ActionEvent,
        plan_hash: str | None,
        until: datetime.datetime | None,
        limit: Limit | None,
    ) -> None:
        unit_environment.check_juju(os.environ)
        self._refuse_unless_ours()
        settings, access = self._settings(), self._access()
        try:
            started = self._engine.start(
                access, settings, plan_hash=plan_hash, until=until, limit=limit
            )
            results.set_results(event, results.start(started, self._engine.view()))
        finally:
            self._handover.follow(self._engine.view())

    def _refuse_unless_ours(self) -> None:
        """Let only the leader start a run; the unit that holds an unfinished one may go on."""
        if self.unit.is_leader():
            return
        view = self._engine.view()
        if view is None or not view.state.unfinished:
            raise CouError("not-leader/refuse-unless-ours", unit=self.unit.name, app=self.app.name)

    def _resume_interrupted(self) -> None:
        """Go on with what the operator approved, and with no more.

        A run that was cancelled, is being abandoned or was to stop after so many steps waits for
        the operator: how much of its approval is used up, nobody here knows. So does one whose
        runner ended at once and had done nothing: it would end so again, and again.
        """
        view = self._engine.view()
        if view is None or view.state is not RunState.INTERRUPTED or view.attempt is None:
            return
        attempt = view.attempt
        by_operator = attempt.cancelled and attempt.cancelled_by != SIGNAL
        if by_operator or attempt.job is not Job.UPGRADE or attempt.limit.count:
            return
        if not view.made_progress:
            logger.warning("The run %s is not resumed: its runner ended at once.", view.run)
            return
        unit_environment.check_juju(os.environ)
        settings, access = self._settings(), self._access()
        started = self._engine.start(
            access, settings, plan_hash=None, until=attempt.limit.until, limit=None
        )
        logger.info(started.message)


if __name__ == "__main__":  # pragma: no cover
    processes.leave_no_core()  # events read the secret
    ops.main(CouCharm)
