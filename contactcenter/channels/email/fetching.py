"""Fetches mail from a mailbox by IMAP (RFC 9051), one thread a mailbox, looking again every few seconds.

How far a folder was read is kept as its UIDVALIDITY and the last UID taken. A mail is marked as seen only after the
sink made it durable, and the place is saved after that: a crash in between offers the mail again, which its key
recognises. What lay in the folder before the first look, or when the server numbered it anew, is taken in quietly: no
automatic mail answers it.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol, TypeVar

import structlog
from imapclient import SEEN, IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, IMAPClientReadOnlyError

from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.envelope import MessageSink
from contactcenter.errors import Unavailable
from contactcenter.settings import Imap, Mailbox

log = structlog.get_logger(__name__)

T = TypeVar("T")

MAX_SIZE = 26_214_400  # bytes; larger mails stay in the mailbox, unseen
BATCH = 50  # mails between two savings of the place
BACK_OFF = (1.0, 5.0, 15.0, 60.0, 300.0)  # seconds before the second, third … try; then always the last
TIMEOUT = SocketTimeout(connect=15.0, read=60.0)


class MailboxCursor(Protocol):
    """Remembers how far each mailbox was read."""

    async def load(self, key: str) -> dict[str, Any]:
        """What was saved last; empty when nothing was."""
        ...

    async def save(self, key: str, value: dict[str, Any]) -> None:
        """Keep the value durably."""
        ...


@dataclass(slots=True)
class Place:
    """How far a folder was read. Mails up to ``quiet_until`` get no automatic answer."""

    uidvalidity: int
    last_uid: int = 0
    quiet_until: int = 0


class MailboxFetcher:
    """Brings the mail of one mailbox to the sink, on the given loop, until it is stopped."""

    def __init__(
        self,
        mailbox: Mailbox,
        sink: MessageSink,
        cursor: MailboxCursor,
        loop: asyncio.AbstractEventLoop,
        *,
        max_size: int = MAX_SIZE,
    ) -> None:
        if mailbox.imap is None:
            raise ValueError(f"{mailbox.address} has no imap settings")
        self._mailbox = mailbox
        self._imap: Imap = mailbox.imap
        self._sink = sink
        self._cursor = cursor
        self._loop = loop
        self._max_size = max_size
        self._key = f"imap:{self._imap.user or mailbox.address}@{self._imap.host}/{self._imap.folder}"
        self._stopping = threading.Event()
        self._client: IMAPClient | None = None
        self._thread = threading.Thread(target=self._run, name=f"imap {mailbox.address}", daemon=True)

    async def start(self) -> None:
        """Begin; trouble with the server is logged and tried again, never raised."""
        self._thread.start()

    async def stop(self) -> None:
        """End: a mail that is being accepted is finished, a wait for the server is cut short."""
        self._stopping.set()
        if (client := self._client) is not None:
            with suppress(OSError, IMAPClientError):
                client.shutdown()
        await asyncio.to_thread(self._thread.join, 15.0)

    def _run(self) -> None:
        """The thread: connect, look, wait; after trouble connect again, each time a little later."""
        failures = 0
        while not self._stopping.is_set():
            try:
                with self._session() as client:
                    while not self._stopping.is_set():
                        self._look(client)
                        failures = 0
                        self._stopping.wait(self._imap.poll)
            except Exception as error:  # noqa: BLE001  # whatever it was, the mailbox must be looked at again
                if self._stopping.is_set():
                    return
                wait = BACK_OFF[min(failures, len(BACK_OFF) - 1)]
                failures += 1
                log.warning("mailbox not read", mailbox=self._mailbox.address, error=_said(error), again_in=wait)
                self._stopping.wait(wait)

    @contextmanager
    def _session(self) -> Iterator[IMAPClient]:
        """A connection that is logged in; the server must prove its name where TLS is on."""
        context = ssl.create_default_context() if self._imap.tls else None
        client = IMAPClient(self._imap.host, self._imap.port, ssl=self._imap.tls, ssl_context=context, timeout=TIMEOUT)
        self._client = client
        client.normalise_times = False
        try:
            client.login(self._imap.user or self._mailbox.address, self._imap.password.get_secret_value())
            yield client
            with suppress(OSError, IMAPClientError):
                client.logout()
        finally:
            self._client = None
            with suppress(OSError, IMAPClientError):
                client.shutdown()

    def _look(self, client: IMAPClient) -> None:
        """Take in whatever is new in the folder."""
        validity = int(client.select_folder(self._imap.folder)[b"UIDVALIDITY"])
        place = self._place(client, validity)
        # "n:*" also names the last mail when its UID is below n (RFC 9051, 9: seq-range).
        new = sorted(uid for uid in client.search(["UID", f"{place.last_uid + 1}:*"]) if uid > place.last_uid)
        uids = iter(new)
        while batch := list(islice(uids, BATCH)):
            try:
                self._take_batch(client, batch, place)
            finally:
                self._call(self._cursor.save(self._key, asdict(place)))
            if self._stopping.is_set():
                return

    def _place(self, client: IMAPClient, validity: int) -> Place:
        """Where to go on; a folder not known under this UIDVALIDITY is read from its beginning, quietly."""
        saved = self._call(self._cursor.load(self._key))
        if saved.get("uidvalidity") == validity:
            return Place(validity, int(saved.get("last_uid", 0)), int(saved.get("quiet_until", 0)))
        place = Place(validity, quiet_until=max(client.search(["ALL"]), default=0))
        self._call(self._cursor.save(self._key, asdict(place)))
        return place

    def _take_batch(self, client: IMAPClient, uids: Iterable[int], place: Place) -> None:
        """Take mails one after the other, so that only one is in memory; the place moves with each."""
        wanted = list(uids)
        sizes = client.fetch(wanted, ["RFC822.SIZE"])
        for uid in wanted:
            if self._stopping.is_set():
                return
            size = int(sizes.get(uid, {}).get(b"RFC822.SIZE", -1))
            if size > self._max_size:
                log.warning("mail left in the mailbox, too large", mailbox=self._mailbox.address, uid=uid, size=size)
            elif size >= 0:  # else it was removed in the meantime
                self._take(client, uid, place)
            place.last_uid = uid

    def _take(self, client: IMAPClient, uid: int, place: Place) -> None:
        """One mail: fetched, accepted, and only then marked as seen."""
        found = client.fetch([uid], ["BODY.PEEK[]", "INTERNALDATE"]).get(uid)
        if found is None or found.get(b"BODY[]") is None:
            return
        arrived = found.get(b"INTERNALDATE")
        message = inbound_mail(
            bytes(found[b"BODY[]"]),
            recipients=(self._mailbox.address,),
            queue=self._mailbox.queue,
            received_at=arrived.astimezone(UTC) if isinstance(arrived, datetime) else None,
            may_answer=uid > place.quiet_until,
            envelope={
                "door": "imap",
                "mailbox": self._mailbox.address,
                "recipients": [self._mailbox.address],
                "uid": uid,
                "uidvalidity": place.uidvalidity,
                # The server that keeps the mailbox writes under this name, and takes forged results out.
                "trusted": bool(self._imap.authserv_id),
                "assumed": False,
            },
        )
        self._call(self._sink.accept(message))
        try:
            client.add_flags([uid], [SEEN], silent=True)
        except IMAPClientReadOnlyError:
            log.info("mailbox is read-only, mail stays unseen", mailbox=self._mailbox.address)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the loop and wait for it."""
        try:
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError as error:  # the loop has ended before us
            work.close()
            raise Unavailable("the service is stopping") from error
        return future.result()


def _said(error: Exception) -> str:
    """What went wrong, on one line and short."""
    return "".join(char if char.isprintable() else " " for char in f"{type(error).__name__}: {error}")[:300]
