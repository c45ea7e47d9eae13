"""The token by which a browser shows that it is the visitor it was before.

``v1.<visitor id>.<issued at, Unix seconds>.<HMAC-SHA256, base64url>``. It is a bearer token for one chat and nothing
else; the widget keeps it in the page's localStorage and sends it inside the socket, never in an address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from contactcenter.channels.webchat.history import is_line_id
from contactcenter.clock import now

LIFETIME = timedelta(days=90)
"""A token is renewed at each connection; after this long without one the chat cannot be taken up again."""

_VERSION = "v1"
_SKEW = timedelta(minutes=5)
_MAX_LENGTH = 200


class VisitorTokens:
    """Issues and reads tokens. ``secret`` is shared by all processes; a change of it makes every visitor new."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("the chat secret needs at least 16 bytes")
        # A key of its own, so that no other part's signature can pass for a token.
        self._key = hmac.digest(secret, b"contactcenter chat visitor", hashlib.sha256)

    def issue(self, visitor: str) -> str:
        """A token for this visitor id, issued now."""
        body = f"{_VERSION}.{visitor}.{int(now().timestamp())}"
        return f"{body}.{self._sign(body)}"

    def visitor(self, token: str) -> str | None:
        """The visitor id of a token of ours that is not expired; None for anything else."""
        if len(token) > _MAX_LENGTH or not token.isascii() or token.count(".") != 3:
            return None
        body, _, signature = token.rpartition(".")
        # Signature first: nothing of a stranger's text is looked at before it is known to be ours.
        if not hmac.compare_digest(signature, self._sign(body)):
            return None
        version, visitor, issued = body.split(".")
        age = now() - datetime.fromtimestamp(int(issued), UTC)
        if version != _VERSION or not is_line_id(visitor) or not -_SKEW <= age <= LIFETIME:
            return None
        return visitor

    def _sign(self, body: str) -> str:
        digest = hmac.digest(self._key, body.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
