"""Which charm, channel and origin changes one application needs (reference, sections 4 and 6.5).

Differences from the peer, on purpose: channels are named by the release's track, also where the
charm still follows ``latest/stable`` (W27); a channel that names no release is a problem of this
application alone (W14); nothing is ever moved backwards.
"""

from __future__ import annotations

import dataclasses

from ..cloud.analysis import Standing
from ..cloud.cloud import Application
from ..openstack import channels, origins, releases, tracks
from ..openstack.releases import Release
from ..options.settings import Settings
from ..wording import Option
from .problem import Problem
from .problem_codes import problem


@dataclasses.dataclass(frozen=True)
class Moves:
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


def moves(standing: Standing, release: Release, target: Release, settings: Settings) -> Moves:
    """Return what has to change for an application to reach the target.

    Args:
        settings: for the mirror that origins may name.
    """
    app = standing.application
    wanted = channel_for(app, target)
    if not wanted:
        return Moves(problems=(_no_track(app, target),))
    first = _first(standing, release, target)
    if app.crossgrade and not first.refresh:
        return Moves(problems=(_no_track(app, release),))
    current = first.refresh if app.crossgrade else app.channel
    channel = wanted if current != wanted else ""
    if channel and _ahead(standing, release) and not app.charm.multi_track:
        return Moves(problems=(_unexpected(standing, release),))
    if standing.origin_release is not None and standing.origin_release > target:
        return Moves(problems=(_origin_ahead(standing, release),))
    return dataclasses.replace(first, channel=channel, origin=_origin(app, target, settings))


def _first(standing: Standing, release: Release, target: Release) -> Moves:
    """Return the refresh before the move to the target: crossgrade, newest revision, or none."""
    app = standing.application
    if app.crossgrade:
        before = releases.before(target) if app.charm.from_channel else release
        expected = channel_for(app, before)
        if app.scheme == "cs":
            return Moves(refresh=expected, switch=f"ch:{app.charm.name}")
        return Moves(refresh=expected, downgrade=True)
    if app.newer and any(one <= target for one in standing.channel_releases):
        return Moves(refresh=app.channel)
    return Moves()


def _ahead(standing: Standing, release: Release) -> bool:
    if standing.application.crossgrade or not standing.channel_releases:
        return False
    return standing.channel_releases[-1] > release


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
        option=Option("skip-apps", app.name),
    )


def _origin_ahead(standing: Standing, release: Release) -> Problem:
    app = standing.application
    return problem(
        "origin-ahead",
        app.name,
        origin_setting=app.origin_setting,
        origin=f"{app.origin!r}",
        origin_release=standing.origin_release,
        release=release,
        option=Option("skip-apps", app.name),
    )


def _unexpected(standing: Standing, release: Release) -> Problem:
    app = standing.application
    return problem(
        "unexpected-channel",
        app.name,
        channel=f"{app.channel!r}",
        channel_releases=standing.channel_releases[-1],
        release=release,
        option=Option("skip-apps", app.name),
    )
