"""Names of Ceph releases, and the texts in which Ceph tells its versions."""

from __future__ import annotations

RELEASES = ("octopus", "pacific", "quincy", "reef", "squid")


def release_of(entry: str) -> str:
    """Return the release named by an entry of ``ceph versions``, or empty.

    An entry reads ``ceph version 15.2.17 (<hash>) octopus (stable)``: the fifth word.
    """
    words = entry.split()
    if len(words) > 4 and words[4] in RELEASES:
        return words[4]
    return ""


def at_least(track: str, release: str) -> bool:
    """Say whether a Ceph release is another or later; False for names that are not known."""
    if track not in RELEASES or release not in RELEASES:
        return False
    return RELEASES.index(track) >= RELEASES.index(release)
