"""Fetching mail: what the mailboxes' threads need of the database, and which mailboxes there are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from contactcenter.channels.email.fetch_state import Watched
from contactcenter.channels.email.fleet import Fleet
from contactcenter.channels.email.reach import Reach
from contactcenter.channels.email.sign_in import Probe, probe
from contactcenter.conversations.records import ChannelCursor
from contactcenter.envelope import MessageSink
from contactcenter.settings import Mailbox, Settings
from contactcenter.store.store import Store
from contactcenter.tickets import mailboxes

_SAVE_CURSOR = text(
    """
    INSERT INTO channel_cursor (key, value, updated_at) VALUES (:key, CAST(:value AS jsonb), now())
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
    """
)
_PURPOSE = "mailbox-oauth"


class StoredCursors:
    """How far each mailbox was read, kept in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self, key: str) -> dict[str, Any]:
        """The cursor; empty when there is none yet."""
        async with self._store.read() as uow:
            row = await uow.session.get(ChannelCursor, key)
            return dict(row.value) if row else {}

    async def save(self, key: str, value: dict[str, Any]) -> None:
        """Keep the cursor."""
        async with self._store.transaction() as uow:
            await uow.session.execute(_SAVE_CURSOR, {"key": key, "value": json.dumps(value)})


class StoredTokens:
    """Refresh tokens that a server changed, sealed with the instance's key. Implements a ``TokenKeeper``."""

    def __init__(self, store: Store) -> None:
        self._cursors = StoredCursors(store)
        self._secrets = store.secrets

    async def load(self, key: str) -> str:
        """The token kept last; empty when there is none."""
        sealed = (await self._cursors.load(key)).get("sealed")
        return self._secrets.unseal(sealed, _PURPOSE) if sealed else ""

    async def save(self, key: str, value: str) -> None:
        """Keep it."""
        await self._cursors.save(key, {"sealed": self._secrets.seal(value, _PURPOSE)})


async def watched(settings: Settings, store: Store) -> Sequence[Watched]:
    """Every mailbox that is fetched. Those made in the console may be at public addresses only, or where allowed."""
    async with store.read() as uow:
        made = await mailboxes.fetched_mailboxes(uow, store.secrets)
    reach = Reach(settings.fetching.networks)
    own = [Watched(mailbox) for mailbox in settings.mailboxes if mailbox.imap is not None]
    return [*own, *(Watched(mailbox, reach) for mailbox in made)]


def fleet(settings: Settings, store: Store, sink: MessageSink) -> Fleet:
    """The fetchers of this process."""
    cursors = StoredCursors(store)

    async def wanted() -> Sequence[Watched]:
        return await watched(settings, store)

    async def report(statuses: Mapping[str, Mapping[str, Any]]) -> None:
        await cursors.save(mailboxes.FETCH_STATUS, dict(statuses))

    return Fleet(wanted, sink, cursors, report, at_once=settings.fetching.at_once, keeper=StoredTokens(store))


async def try_all(settings: Settings, database: str) -> dict[str, mailboxes.Trial]:
    """Sign in to every mailbox that is fetched, side by side; what was found, by address.

    With an empty ``database`` (its URL) those of the settings file only.
    """
    if not database:
        own = [Watched(mailbox) for mailbox in settings.mailboxes if mailbox.imap is not None]
        return await _try(own, None)
    store = Store(database, settings.data, pool_size=2)
    try:
        return await _try(await watched(settings, store), StoredTokens(store))
    finally:
        await store.close()


async def _try(boxes: Sequence[Watched], keeper: StoredTokens | None) -> dict[str, mailboxes.Trial]:
    found = await asyncio.gather(*(probe(box, keeper) for box in boxes))
    return {box.mailbox.address: _trial(one) for box, one in zip(boxes, found, strict=True)}


def _trial(found: Probe) -> mailboxes.Trial:
    return mailboxes.Trial(found.trouble, found.mails, found.pushes)


class Trials:
    """Tries mailboxes for the console. Implements :class:`contactcenter.tickets.mailboxes.MailboxTrials`."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._reach = Reach(settings.fetching.networks)
        self._keeper = StoredTokens(store)

    async def __call__(self, mailbox: Mailbox, *, made_in_console: bool) -> mailboxes.Trial:
        """Sign in to the mailbox and look into its folder."""
        return _trial(await probe(Watched(mailbox, self._reach if made_in_console else None), self._keeper))
