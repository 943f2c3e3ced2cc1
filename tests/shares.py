"""Which part of the tests is the k-th of n: each test is in one of them, and none is empty.

Files are dealt whole, since the tests of a file share what they set up; deep tests one by one,
since few of their files would make shares that differ much. `python -m tests.shares COMMIT N`
prints the share that is due for a commit, so that in the course of commits all are run.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Share:
    """The k-th of n parts, counted from 1."""

    k: int
    n: int

    @classmethod
    def parse(cls, text: str) -> Share:
        """Read ``k/n``.

        Raises:
            ValueError: it is none.
        """
        k, _, n = text.partition("/")
        if not (k.isdecimal() and n.isdecimal() and 1 <= int(k) <= int(n)):
            raise ValueError(f"the share {text!r} is not k/n with k from 1 to n")
        return cls(int(k), int(n))

    @classmethod
    def of_commit(cls, commit: str, n: int) -> Share:
        """Return the share that is due for a commit."""
        return cls(1 + int(_hash(commit), 16) % n, n)

    def __str__(self) -> str:
        return f"{self.k}/{self.n}"

    def of(self, keys: Iterable[str]) -> frozenset[str]:
        """Return this share of keys; those of all shares are equally many, but for one.

        Where there are fewer keys than shares, several shares have the same one.

        Raises:
            ValueError: there are no keys, and a share of nothing would be empty.
        """
        dealt = sorted(set(keys), key=_hash)
        if not dealt:
            raise ValueError(f"there are no tests that share {self} could be of")
        return frozenset(dealt[(self.k - 1) % len(dealt) :: self.n])


def sample(keys: Iterable[str], n: int) -> frozenset[str]:
    """Return n of the keys, or all where there are fewer; always the same of the same keys."""
    return frozenset(sorted(set(keys), key=_hash)[:n])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    print(Share.of_commit(sys.argv[1], int(sys.argv[2])))  # noqa: T201
