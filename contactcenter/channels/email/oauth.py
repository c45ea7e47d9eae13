"""Access tokens for mailboxes that want no passwords (RFC 6749): Gmail, Microsoft 365.

With a refresh token the mailbox's owner agreed once (section 6); without one the program signs in as itself by its
client secret (section 4.4), as Microsoft 365 does for applications. A server that hands out a new refresh token with
each access token lets the old one die after a while, so the new one is kept.
"""

from __future__ import annotations

import hashlib
import json
import socket
import time
from typing import Any, Protocol

import aiohttp

from contactcenter.channels.email.reach import Reach
from contactcenter.errors import InvalidInput, Unavailable
from contactcenter.settings import Imap

WITHIN = 20.0  # seconds for the token endpoint
MAX_ANSWER = 65_536  # bytes
EARLY = 120.0  # seconds before its end that a token is renewed
_LIFE = 3600.0  # seconds, when the answer does not say


class TokenKeeper(Protocol):
    """Keeps a secret durably and sealed."""

    async def load(self, key: str) -> str:
        """What was kept; empty when nothing was."""
        ...

    async def save(self, key: str, value: str) -> None:
        """Keep the value."""
        ...


class AccessTokens:
    """The access tokens of one mailbox; a token is used again until shortly before it ends."""

    def __init__(self, imap: Imap, key: str, keeper: TokenKeeper | None = None, reach: Reach | None = None) -> None:
        self._imap = imap
        self._keeper = keeper
        self._reach = reach
        granted = imap.refresh_token.get_secret_value()
        # A newly configured grant must not be shadowed by what was kept of an older one.
        self._key = f"oauth:{key}:{hashlib.sha256(granted.encode()).hexdigest()[:16]}"
        self._refresh = granted
        self._loaded = False
        self._token = ""  # nosec B105 - an empty one
        self._ends = 0.0

    async def token(self, *, fresh: bool = False) -> str:
        """A token; ``fresh`` asks for a new one although the last should still be good.

        Raises :class:`Unavailable` when the endpoint does not answer, :class:`InvalidInput` when it refuses.
        """
        if fresh or not self._token or time.monotonic() >= self._ends:
            await self._renew()
        return self._token

    async def _renew(self) -> None:
        if self._keeper is not None and self._refresh and not self._loaded:
            self._refresh = await self._keeper.load(self._key) or self._refresh
            self._loaded = True
        answer = await self._ask(self._form())
        token, life = answer.get("access_token"), answer.get("expires_in", _LIFE)
        if not isinstance(token, str) or not token or not token.isprintable():
            raise InvalidInput("the token endpoint gave no access token", field="token_url")
        try:
            seconds = float(life)
        except (TypeError, ValueError):
            seconds = _LIFE
        self._token, self._ends = token, time.monotonic() + max(0.0, seconds - EARLY)
        rotated = answer.get("refresh_token")
        if self._refresh and isinstance(rotated, str) and rotated and rotated != self._refresh:
            self._refresh = rotated
            if self._keeper is not None:
                await self._keeper.save(self._key, rotated)

    def _form(self) -> dict[str, str]:
        grant = {"grant_type": "refresh_token", "refresh_token": self._refresh}
        form = {
            **(grant if self._refresh else {"grant_type": "client_credentials"}),
            "client_id": self._imap.client_id,
            "client_secret": self._imap.client_secret.get_secret_value(),
            "scope": self._imap.scope,
        }
        return {name: value for name, value in form.items() if value}

    async def _ask(self, form: dict[str, str]) -> dict[str, Any]:
        if self._reach is not None:
            self._reach.check_url(self._imap.token_url)
        connector = aiohttp.TCPConnector(socket_factory=self._socket, force_close=True)
        timeout = aiohttp.ClientTimeout(total=WITHIN)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.post(self._imap.token_url, data=form, allow_redirects=False) as answer,
            ):
                body = bytearray()
                async for chunk in answer.content.iter_chunked(MAX_ANSWER):
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise Unavailable("the token endpoint's answer has no end")
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unavailable(f"the token endpoint does not answer: {error}") from error
        return _answer(status, bytes(body))

    def _socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for an address that may be reached: judged where the connection is made, after the name."""
        family, kind, protocol, _name, where = address
        if self._reach is not None and not self._reach.permits(str(where[0])):
            raise PermissionError("the token endpoint is not a public server")
        return socket.socket(family=family, type=kind, proto=protocol)


def _answer(status: int, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if status == 200 and isinstance(found, dict):
        return found
    if status >= 500 or status == 429:
        raise Unavailable(f"the token endpoint answers {status}")
    said = found.get("error_description") or found.get("error") if isinstance(found, dict) else ""
    raise InvalidInput(f"the token endpoint refuses ({status}): {str(said)[:200]}", field="refresh_token")
