"""What tests of fetching share: mails, cursors and statuses that can be waited for."""

import asyncio

from contactcenter.channels.email.fetch_state import FetchState, Watched
from contactcenter.channels.email.fetching import MailboxFetcher
from contactcenter.settings import Imap, Mailbox
from tests.integration.channels.doubles import RecordingSink


def mail(number):
    return (
        f"From: Ann <ann@customer.example>\r\nTo: sales@desk.example\r\nSubject: {number}\r\n"
        f"Message-ID: <{number}@customer.example>\r\n\r\nText {number}\r\n"
    ).encode()


class Cursors:
    """Cursors in memory; waiting for a place to be reached."""

    def __init__(self):
        self.saved = {}
        self.changed = asyncio.Condition()

    async def load(self, key):
        return dict(self.saved.get(key, {}))

    async def save(self, key, value):
        async with self.changed:
            self.saved[key] = value
            self.changed.notify_all()

    async def reach(self, uid):
        async with self.changed, asyncio.timeout(20):
            await self.changed.wait_for(lambda: any(one["last_uid"] >= uid for one in self.saved.values()))


class WatchedFetcher(MailboxFetcher):
    """A fetcher whose states can be waited for."""

    def _say(self, state, reason=""):
        super()._say(state, reason)
        self.said.put_nowait((state, reason))

    async def says(self, wanted):
        async with asyncio.timeout(20):
            while True:
                state, reason = await self.said.get()
                if state == wanted:
                    return reason


class Desk:
    """One mailbox that is fetched into memory."""

    def __init__(self, port, **imap):
        values = {"host": "127.0.0.1", "port": port, "tls": False, "user": "u", "password": "secret", "poll": 0.02}
        self.sink, self.cursors = RecordingSink(), Cursors()
        self.mailbox = Mailbox(address="sales@desk.example", queue="sales", imap=Imap(**{**values, **imap}))
        self.fetcher = None

    async def start(self, **options):
        loop = asyncio.get_running_loop()
        options = {"max_size": 10_000, **options}
        self.fetcher = WatchedFetcher(Watched(self.mailbox), self.sink, self.cursors, loop, **options)
        self.fetcher.said = _Queue(loop)
        await self.fetcher.start()
        return self

    async def stop(self):
        if self.fetcher is not None:
            await self.fetcher.stop()

    async def gives_up(self):
        """Why it backs off next."""
        return await self.fetcher.says(FetchState.BACKING_OFF)

    def subjects(self):
        return [one.raw.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for one in self.sink.messages]


class _Queue(asyncio.Queue):
    """A queue that another thread fills."""

    def __init__(self, loop):
        super().__init__()
        self._of = loop

    def put_nowait(self, item):
        self._of.call_soon_threadsafe(super().put_nowait, item)
