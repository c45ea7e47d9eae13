"""A small IMAP server that does as it is told: it serves one folder, and misbehaves where a test wants it to."""

import asyncio
import base64
import re
import ssl
from collections import Counter

from tests.integration.channels.dovecot import CERTIFICATE

SIMPLE = "IMAP4rev1"


class ImapDouble:
    """``mails`` by UID. ``misdeeds`` maps a command ("GREETING", "FETCH BODY" …) to a coroutine that takes its place.

    A misdeed gets (double, writer, tag, rest of the line); what it returns as True means: now serve it properly too.
    """

    def __init__(self, *, capabilities=SIMPLE, bearer=None, tls=False):
        self.capabilities, self.bearer, self.tls = capabilities, bearer, tls
        self.mails: dict[int, bytes] = {}
        self.flags: dict[int, set[str]] = {}
        self.moved: dict[str, list[int]] = {}
        self.misdeeds = {}
        self.heard: list[str] = []
        self.sessions = self.announced = 0
        self.sent: Counter[str] = Counter()
        self.uidvalidity = "1"
        self.read_only = False
        self.changed = asyncio.Condition()
        self._tasks = set()

    async def start(self):
        context = None
        if self.tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(CERTIFICATE)
        self.server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context, limit=1_000_000)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        self.server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def put(self, *mails):
        async with self.changed:
            for mail in mails:
                uid = max(self.mails, default=0) + 1
                self.mails[uid], self.flags[uid] = mail, set()
            self.changed.notify_all()

    async def _connected(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        self.sessions += 1
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, EOFError, asyncio.CancelledError):
            self.sent["cut"] += 1
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader, writer):
        if await self._misbehaves("GREETING", writer, "*", ""):
            writer.write(b"* OK ready\r\n")
        self.reader = reader
        while line := (await reader.readline()).decode().strip():
            tag, _, rest = line.partition(" ")
            self.heard.append(rest)
            name = self._name(rest)
            if await self._misbehaves(name, writer, tag, rest):
                await self._answer(name, writer, tag, rest)
            await writer.drain()

    async def _misbehaves(self, name, writer, tag, rest):
        """Whether the server may go on properly."""
        misdeed = self.misdeeds.get(name)
        return True if misdeed is None else await misdeed(self, writer, tag, rest)

    @staticmethod
    def _name(rest):
        words = rest.upper().split()
        name = words[1] if words[0] == "UID" else words[0]
        return "FETCH BODY" if name == "FETCH" and "BODY" in rest.upper() else name

    async def _answer(self, name, writer, tag, rest):
        method = getattr(self, "_" + name.lower().replace(" ", "_"), None)
        lines = (await method(writer, tag, rest) if method else None) or []
        status = "OK done"
        if lines and lines[-1].startswith(("NO", "BAD", "OK")):
            status = lines.pop()
        writer.write("".join(f"* {one}\r\n" for one in lines).encode() + f"{tag} {status}\r\n".encode())

    async def _capability(self, *_):
        return [f"CAPABILITY {self.capabilities}"]

    async def _authenticate(self, writer, _tag, _rest):
        writer.write(b"+ \r\n")
        said = base64.b64decode(await self.reader.readline()).decode()
        user, _, token = said.removesuffix("\x01\x01").partition("\x01auth=Bearer ")
        if user.startswith("user=") and token == self.bearer:
            return []
        writer.write(b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
        assert (await self.reader.readline()).strip() == b""
        return ["NO no such token"]

    async def _select(self, *_):
        self.announced = len(self.mails)
        mode = "READ-ONLY" if self.read_only else "READ-WRITE"
        return [
            f"{len(self.mails)} EXISTS",
            f"OK [UIDVALIDITY {self.uidvalidity}]",
            f"OK [UIDNEXT {max(self.mails, default=0) + 1}]",
            f"OK [{mode}] open",
        ]

    async def _examine(self, *_):
        return [*(await self._select())[:-1], "OK [READ-ONLY] open"]

    async def _search(self, _writer, _tag, rest):
        words = rest.split()
        wanted = words[words.index("UID", 1) + 1]
        return ["SEARCH " + " ".join(str(uid) for uid in self.uids(wanted))]

    def uids(self, wanted):
        found = set()
        for part in wanted.split(","):
            low, _, high = part.partition(":")
            top = max(self.mails, default=0) if high == "*" else int(high or low)
            found |= {uid for uid in self.mails if min(int(low), top) <= uid <= max(int(low), top)}
        return sorted(found)

    async def _fetch(self, _writer, _tag, rest):
        return [f"{uid} FETCH (UID {uid} RFC822.SIZE {len(self.mails[uid])})" for uid in self.uids(rest.split()[2])]

    async def _fetch_body(self, writer, _tag, rest):
        for uid in self.uids(rest.split()[2]):
            writer.write(self.body(uid))

    def body(self, uid):
        mail = self.mails[uid]
        head = f'* {uid} FETCH (UID {uid} INTERNALDATE "02-Nov-2026 10:00:00 +0000" BODY[] {{{len(mail)}}}\r\n'
        return head.encode() + mail + b")\r\n"

    async def _store(self, _writer, _tag, rest):
        for uid in self.uids(rest.split()[2]):
            self.flags[uid] |= set(re.findall(r"\\\w+", rest))

    async def _move(self, _writer, _tag, rest):
        async with self.changed:
            for uid in self.uids(rest.split()[2]):
                self.moved.setdefault(rest.split()[3].strip('"'), []).append(uid)
                del self.mails[uid]

    async def _copy(self, _writer, _tag, rest):
        self.moved.setdefault(rest.split()[3].strip('"'), []).extend(self.uids(rest.split()[2]))

    async def _expunge(self, _writer, _tag, rest):
        for uid in self.uids(rest.split()[2]):
            del self.mails[uid]

    async def _idle(self, writer, *_):
        writer.write(b"+ idling\r\n")
        done = asyncio.create_task(self.reader.readline())
        pushing = asyncio.create_task(self._push(writer))
        await done
        pushing.cancel()

    async def _push(self, writer):
        while True:
            async with self.changed:
                await self.changed.wait_for(lambda: len(self.mails) > self.announced)
                self.announced = len(self.mails)
            writer.write(f"* {self.announced} EXISTS\r\n".encode())

    async def _logout(self, *_):
        return ["BYE"]


async def hang_up(_double, writer, _tag, _rest):
    """End the connection without a word."""
    writer.close()
    raise EOFError


def once(misdeed):
    """A misdeed that happens the first time only."""
    done = []

    async def act(*arguments):
        if done:
            return True
        done.append(True)
        return await misdeed(*arguments)

    return act
