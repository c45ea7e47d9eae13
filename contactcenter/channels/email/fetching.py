"""Fetches mail from a mailbox by IMAP (RFC 9051), one thread a mailbox: the server pushes, or it is asked again.

How far a folder was read is kept as its UIDVALIDITY and the last UID taken. A mail is marked as seen, or moved, only
after the sink made it durable, and the place is saved after that: a crash in between offers the mail again, which its
key recognises. What lay in the folder before the first look, or when the server numbered it anew, is taken in quietly:
no automatic mail answers it. What cannot be taken stays in the mailbox, is counted, and is tried again now and then.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

import structlog
from imapclient.exceptions import IMAPClientError, IMAPClientReadOnlyError

from contactcenter import clock
from contactcenter.channels.email import folder
from contactcenter.channels.email.fetch_state import FetchState, FetchStatus, Left, MailboxCursor, Place, Watched
from contactcenter.channels.email.imap_client import BoundedClient
from contactcenter.channels.email.oauth import AccessTokens, TokenKeeper
from contactcenter.channels.email.sign_in import open_session
from contactcenter.envelope import InboundMessage, MessageSink
from contactcenter.errors import Unavailable
from contactcenter.settings import Imap

log = structlog.get_logger(__name__)

T = TypeVar("T")

MAX_SIZE = 26_214_400  # bytes; larger mails stay in the mailbox, unseen
BATCH = 200  # mails whose sizes are asked for at once, between two savings of the place
TOGETHER = 25  # mails fetched by one command …
TOGETHER_BYTES = 2_097_152  # … that hold so many bytes at most; a larger mail comes alone
TRIES = 5  # after which a mail that alone makes trouble is left where it is
AGAIN = 3600.0  # seconds between two tries of what was left
BACK_OFF = (1.0, 5.0, 15.0, 60.0, 300.0)  # seconds before the second, third … try; then always the last
IDLE_FOR = 240.0  # seconds; RFC 2177 says 29 minutes, but routers and some servers forget a silent connection sooner
PAUSE = 0.2  # seconds between two looks at least, however often the server calls


class StorageTrouble(Exception):
    """Our own disk, not the server's connection, made an :class:`OSError`."""


class MailboxFetcher:
    """Brings the mail of one mailbox to the sink, on the given loop, until it is stopped.

    ``slots`` bounds how many mailboxes take mail at the same moment; a mailbox that waits for news holds none.
    """

    def __init__(
        self,
        watched: Watched,
        sink: MessageSink,
        cursor: MailboxCursor,
        loop: asyncio.AbstractEventLoop,
        *,
        slots: threading.Semaphore | None = None,
        keeper: TokenKeeper | None = None,
        max_size: int = MAX_SIZE,
    ) -> None:
        if watched.mailbox.imap is None:
            raise ValueError(f"{watched.mailbox.address} has no imap settings")
        self._mailbox = watched.mailbox
        self._imap: Imap = watched.mailbox.imap
        self._reach = watched.reach
        self._sink = sink
        self._cursor = cursor
        self._loop = loop
        self._slots = slots or threading.Semaphore()
        self._max_size = max_size
        self._key = f"imap:{self._imap.user or self._mailbox.address}@{self._imap.host}/{self._imap.folder}"
        self._tokens = AccessTokens(self._imap, self._key, keeper, watched.reach)
        self._stopping = threading.Event()
        self._client: BoundedClient | None = None
        self._place: Place | None = None
        self._tries: Counter[int] = Counter()
        self._again_at = 0.0
        self._refused = ""  # what the server said when it would not mark mail
        self._read_only = self._imap.after == "keep"
        self.status = FetchStatus(self._mailbox.address)
        self._thread = threading.Thread(target=self._run, name=f"imap {self._mailbox.address}", daemon=True)

    async def start(self) -> None:
        """Begin; trouble with the server is logged and tried again, never raised."""
        self._thread.start()

    async def stop(self) -> None:
        """End: a mail that is being accepted is finished, a wait for the server is cut short."""
        self._stopping.set()
        if (client := self._client) is not None:
            client.interrupt()
        await asyncio.to_thread(self._thread.join, 15.0)

    def _run(self) -> None:
        """The thread: connect, look, wait; after trouble connect again, each time a little later."""
        failures = 0
        while not self._stopping.is_set():
            try:
                self._say(FetchState.CONNECTING)
                with self._session() as client:
                    while not self._stopping.is_set():
                        self._look(client)
                        failures = 0
                        self._wait(client)
            except Exception as error:  # noqa: BLE001  # whatever it was, the mailbox must be looked at again
                if self._stopping.is_set():
                    return
                wait = BACK_OFF[min(failures, len(BACK_OFF) - 1)]
                failures += 1
                said = folder.in_one_line(error)
                log.warning("mailbox not read", mailbox=self._mailbox.address, error=said, again_in=wait)
                self._say(FetchState.BACKING_OFF, said)
                self._stopping.wait(wait)

    @contextmanager
    def _session(self) -> Iterator[BoundedClient]:
        """A connection that is signed in; kept where :meth:`stop` finds it from its first moment on."""
        with open_session(self._mailbox, self._reach, self._access_token, self._hold) as client:
            if self._imap.after == "move":
                folder.make_sure_of(client, self._imap.move_to)
            try:
                yield client
            finally:
                self._client = None

    def _hold(self, client: BoundedClient) -> None:
        self._client = client
        if self._stopping.is_set():
            client.interrupt()

    def _access_token(self, fresh: bool) -> str:
        return self._call(self._tokens.token(fresh=fresh))

    def _wait(self, client: BoundedClient) -> None:
        """Until there may be something new."""
        if self._imap.idle and client.has_capability("IDLE"):
            self._say(FetchState.IDLE)
            client.wait_for_news(IDLE_FOR)
            self._stopping.wait(PAUSE)
        else:
            self._say(FetchState.POLLING)
            self._stopping.wait(self._imap.poll)

    def _look(self, client: BoundedClient) -> None:
        """Take in whatever is new in the folder."""
        chosen = self._select(client)
        place = self._place_for(client, chosen)
        new = folder.uids_above(client, chosen, place.last_uid)
        again: list[int] = []
        if time.monotonic() >= self._again_at:
            again = folder.still_there(client, list(place.left))
            place.left = {uid: place.left[uid] for uid in again}
            self._again_at = time.monotonic() + AGAIN
        uids = iter([*new, *again])
        while batch := list(islice(uids, BATCH)):
            self._say(FetchState.WORKING)
            try:
                self._take_batch(client, batch, place)
            finally:
                self._call(self._cursor.save(self._key, place.saved()))
            if self._stopping.is_set():
                return
        self.status = replace(self.status, last_look=clock.now())

    def _select(self, client: BoundedClient) -> folder.Chosen:
        """Open the folder, for reading only where the server allows no more."""
        if not self._read_only:
            try:
                return folder.choose(client, self._imap.folder, readonly=False)
            except IMAPClientReadOnlyError:
                log.info("mailbox is read-only, mail stays unseen", mailbox=self._mailbox.address)
                self._read_only = True
        return folder.choose(client, self._imap.folder, readonly=True)

    def _place_for(self, client: BoundedClient, chosen: folder.Chosen) -> Place:
        """Where to go on; a folder not known under this UIDVALIDITY is read from its beginning, quietly."""
        if self._place is None:
            self._place = Place.loaded(self._call(self._cursor.load(self._key)))
        if self._place.uidvalidity != chosen.uidvalidity:
            last = folder.last_uid(client, chosen)
            self._place = Place(chosen.uidvalidity, quiet_until=last, taken=self._place.taken)
            self._tries.clear()
            self._call(self._cursor.save(self._key, self._place.saved()))
        return self._place

    def _take_batch(self, client: BoundedClient, uids: Sequence[int], place: Place) -> None:
        """Take mails in their order, small ones together; the place moves with each group."""
        sizes = folder.sizes(client, uids)
        group: list[int] = []
        for uid in uids:
            size = sizes.get(uid, -1)
            if size > self._max_size:
                self._leave(place, uid, Left.TOO_LARGE)
            elif size >= 0:  # else it was removed in the meantime
                full = len(group) == TOGETHER or sum(sizes[one] for one in group) + size > TOGETHER_BYTES
                if group and (full or self._tries[uid] or self._tries[group[-1]]):
                    self._take(client, {one: sizes[one] for one in group}, place)
                    group = []
                group.append(uid)
            if self._stopping.is_set():
                return
        if group:
            self._take(client, {one: sizes[one] for one in group}, place)
        place.last_uid = max(place.last_uid, *uids)

    def _take(self, client: BoundedClient, sizes: dict[int, int], place: Place) -> None:
        """Some mails: fetched, accepted, and only then marked; trouble that a mail itself makes is counted."""
        with self._slots:
            try:
                found = folder.mails(client, sizes)
                messages = [folder.message(self._mailbox, place, uid, mail) for uid, mail in found.items()]
                place.taken += self._call(self._accept(messages))
            except (Unavailable, StorageTrouble):  # not the mail's fault
                raise
            except Exception:
                self._failed(place, list(sizes))
                raise
        self._tidy(client, list(found))
        for uid in sizes:
            self._tries.pop(uid, None)
            place.left.pop(uid, None)
        place.last_uid = max(place.last_uid, *sizes)
        self.status = replace(self.status, taken=place.taken, left=len(place.left))

    async def _accept(self, messages: Iterable[InboundMessage]) -> int:
        """Hand them over, one after the other; how many were new."""
        try:
            return sum([not (await self._sink.accept(message)).duplicate for message in messages])
        except OSError as error:
            raise StorageTrouble(str(error)) from error

    def _failed(self, place: Place, uids: list[int]) -> None:
        """Count trouble with mails: they are tried one by one, and who fails alone too often is left."""
        self._tries.update(uids)
        if len(uids) == 1 and self._tries[uids[0]] >= TRIES:
            self._leave(place, uids[0], Left.UNREADABLE)

    def _tidy(self, client: BoundedClient, uids: list[int]) -> None:
        """Mark what was taken. A server that refuses it must not hold up the mail behind."""
        if self._read_only or not uids:
            return
        try:
            folder.mark(client, uids, self._imap.move_to if self._imap.after == "move" else "")
            self._refused = ""
        except client.AbortError:
            raise
        except IMAPClientError as error:
            self._refused = folder.in_one_line(error)
            log.warning("mail not marked", mailbox=self._mailbox.address, error=self._refused)

    def _leave(self, place: Place, uid: int, why: Left) -> None:
        """Let a mail lie in the mailbox, and go on behind it."""
        log.error("mail left in the mailbox", mailbox=self._mailbox.address, uid=uid, why=why)
        place.leave(uid, why)
        place.last_uid = max(place.last_uid, uid)
        self.status = replace(self.status, left=len(place.left))

    def _say(self, state: FetchState, reason: str = "") -> None:
        taken, left = (self._place.taken, len(self._place.left)) if self._place else (0, 0)
        self.status = replace(self.status, state=state, reason=reason or self._refused, taken=taken, left=left)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop and wait for it."""
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:  # the loop has ended before us
            work.close()
            raise Unavailable("the service is stopping") from error
        return future.result()
