"""The seal in the form "Did this answer your question?": one view of an article gives one opinion, and soon ends.

Nothing of it is stored. Which seals were used, and how often one peer sent any, is remembered in the process's memory
for a few hours at most.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from contactcenter.rates import Rate

LIFETIME = 2 * 3600
"""Seconds in which a form may be sent."""
PER_PEER = 20
"""Opinions of one peer that count within :data:`LIFETIME`."""
MOST = 100_000
"""Opinions that count within :data:`LIFETIME` in all; it bounds the memory."""

_MAX_SEAL = 200
_SKEW = 300  # seconds that the clocks of two web processes may differ


def sealed(key: bytes, article_id: str, at: float) -> str:
    """A seal for one view of an article: ``<Unix seconds>.<random>.<HMAC-SHA256, base64url>``."""
    body = f"{int(at)}.{secrets.token_urlsafe(12)}"
    return f"{body}.{_mac(key, article_id, body)}"


def is_sealed(key: bytes, article_id: str, seal: str, at: float) -> bool:
    """Whether a seal was made by us, for this article, and not too long ago."""
    if len(seal) > _MAX_SEAL or not seal.isascii() or seal.count(".") != 2:
        return False
    body, _, mac = seal.rpartition(".")
    # The hash first: nothing of a stranger's text is read before it is known to be ours.
    if not hmac.compare_digest(mac, _mac(key, article_id, body)):
        return False
    return -_SKEW <= at - int(body.partition(".")[0]) < LIFETIME


class Opinions:
    """Which seals were used in this process, and how often each peer used one; times are Unix seconds."""

    def __init__(self) -> None:
        self._window = 0
        self._used: set[str] = set()
        self._before: set[str] = set()
        self._peers = Rate(PER_PEER, LIFETIME)

    def take(self, seal: str, peer: str, at: float) -> bool:
        """Whether an opinion counts: its seal is new, and its peer has not sent too many."""
        self._turn(int(at // LIFETIME))
        if seal in self._used or seal in self._before or len(self._used) >= MOST or self._peers.take(peer, at):
            return False
        self._used.add(seal)
        return True

    def _turn(self, window: int) -> None:
        """Forget what is older than a seal's lifetime."""
        if window != self._window:
            self._before = self._used if window == self._window + 1 else set()
            self._used, self._window = set(), window


def _mac(key: bytes, article_id: str, body: str) -> str:
    digest = hmac.digest(key, f"{article_id}.{body}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
