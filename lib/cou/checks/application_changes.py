"""Which charm, channel and origin changes one application needs (reference, sections 4 and 6.5).

Differences from the peer, on purpose: channels are named by the release's track, also where the
charm still follows ``latest/stable`` (W27); a channel that names no release is a problem of this
application alone (W14); nothing is ever moved backwards.
"""

from __future__ import annotations

import dataclasses

from ..cloud.analysis import ReleaseState
from ..cloud.cloud import Application
from ..openstack import channels, origins, releases, tracks
from ..openstack.releases import Release
from ..options.settings import Settings
from ..wording import PlanOption
from .problem import Problem
from .problem_codes import problem


@dataclasses.dataclass(frozen=True)
class ApplicationChanges:
    """The changes of one application, each empty where there is nothing to change.

    Attributes:
        refresh: channel of the refresh that comes first, before the target's channel.
        switch: ``ch:<charm>`` where that refresh leaves the Charm Store.
        downgrade: that refresh leaves ``latest/stable`` and may lower the revision.
        channel: channel of the target.
        origin: value for the option that holds the APT origin.
        problems: why changes cannot be told; the application then has no steps.
    """

    refresh: str = ""
    switch: str = ""
    downgrade: bool = False
    channel: str = ""
    origin: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything changes."""
        return bool(self.refresh or self.channel or self.origin)


def channel_for(app: Application, release: Release) -> str:
    """Return the stable channel of an application at a release; empty where none is known."""
    if not app.charm.from_table:
        return channels.stable(release.track)
    track = tracks.target(app.charm.name, app.series, release)
    return channels.stable(track) if track else ""


def changes_needed(
    release_state: ReleaseState, release: Release, target: Release, settings: Settings
) -> ApplicationChanges:
    """Return what has to change for an application to reach the target.

    Args:
        settings: for the mirror that origins may name.
    """
    app = release_state.application
    wanted = channel_for(app, target)
    if not wanted:
        return ApplicationChanges(problems=(_no_track(app, target),))
    first = _first(release_state, release, target)
    if app.crossgrade and not first.refresh:
        return ApplicationChanges(problems=(_no_track(app, release),))
    current = first.refresh if app.crossgrade else app.channel
    channel = wanted if current != wanted else ""
    if channel and _ahead(release_state, release) and not app.charm.multi_track:
        return ApplicationChanges(problems=(_unexpected(release_state, release),))
    if release_state.origin_release is not None and release_state.origin_release > target:
        return ApplicationChanges(problems=(_origin_ahead(release_state, release),))
    return dataclasses.replace(first, channel=channel, origin=_origin(app, target, settings))


def _first(release_state: ReleaseState, release: Release, target: Release) -> ApplicationChanges:
    """Return the refresh before the move to the target: crossgrade, newest revision, or none."""
    app = release_state.application
    if app.crossgrade:
        before = releases.before(target) if app.charm.from_channel else release
        expected = channel_for(app, before)
        if app.scheme == "cs":
            return ApplicationChanges(refresh=expected, switch=f"ch:{app.charm.name}")
        return ApplicationChanges(refresh=expected, downgrade=True)
    if app.newer and any(one <= target for one in release_state.channel_releases):
        return ApplicationChanges(refresh=app.channel)
    return ApplicationChanges()


def _ahead(release_state: ReleaseState, release: Release) -> bool:
    if release_state.application.crossgrade or not release_state.channel_releases:
        return False
    return release_state.channel_releases[-1] > release


def _origin(app: Application, target: Release, settings: Settings) -> str:
    """Return the new origin, or empty where the charm has no such option or holds it already."""
    if not app.origin_setting or app.charm.subordinate_kind:
        return ""
    value = origins.new_value(
        app.series,
        target,
        settings.landscape_mirror_uri,
        settings.landscape_apt_component,
    )
    return value if value != app.origin else ""


def _no_track(app: Application, release: Release) -> Problem:
    return problem(
        "no-track",
        app.name,
        charm=app.charm.name,
        series=app.series,
        release=release,
        option=PlanOption("skip-apps", app.name),
    )


def _origin_ahead(release_state: ReleaseState, release: Release) -> Problem:
    app = release_state.application
    return problem(
        "origin-ahead",
        app.name,
        origin_setting=app.origin_setting,
        origin=f"{app.origin!r}",
        origin_release=release_state.origin_release,
        release=release,
        option=PlanOption("skip-apps", app.name),
    )


def _unexpected(release_state: ReleaseState, release: Release) -> Problem:
    app = release_state.application
    return problem(
        "unexpected-channel",
        app.name,
        channel=f"{app.channel!r}",
        channel_releases=release_state.channel_releases[-1],
        release=release,
        option=PlanOption("skip-apps", app.name),
    )
