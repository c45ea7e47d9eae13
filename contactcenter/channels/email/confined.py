"""Reads mail in a child process that may use two CPU seconds, 256 MiB and ten seconds of wall time for each.

Whatever a hostile mail does to the reader, it does it there: the child is killed, another one takes its place, and
the mail counts as failed. The child is a program of its own (never a fork of a threaded process) and ends with its
standard input. What comes back is unpickled from a short list of plain value types, nothing else.

Questions and answers are one frame each, as lists of the fields: pickling the dataclasses themselves takes three times
as long.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import io
import os
import pickle  # nosec B403
import queue
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import IO, Any

from pydantic import SecretStr

from contactcenter.channels.email.reader import MailReader, OwnAddresses
from contactcenter.envelope import (
    BouncedRecipient,
    Content,
    FileContent,
    Identity,
    IdentityKind,
    InboundMessage,
    MessageKind,
)
from contactcenter.errors import InvalidInput
from contactcenter.settings import Database, Imap, Outgoing, Settings, Twilio

CHILDREN = 2
CPU_SECONDS = 2.0
MEMORY = 256 * 2**20  # bytes of address space; the largest mail of the usual limit takes 160 MiB
_USUAL_LIMIT = 25 * 2**20  # bytes of a mail
WALL_SECONDS = 10.0
_PIPE = 2**20  # bytes a pipe holds where the system lets it: most mails pass in one go
_READ = 2**16  # bytes read at once; the system gives more memory anew for each read
_COLLECT_EVERY = 200  # mails
_TOGETHER = 32  # mails that are asked for at once
_TOO_MUCH = "it took too much time or memory"
_HEADER = struct.Struct("!Q")
_asked = attrgetter(*(field.name for field in fields(InboundMessage)))
_answered = attrgetter(*(field.name for field in fields(Content)))
_PLACES = {field.name: place for place, field in enumerate(fields(Content))}
_of_person = attrgetter(*(field.name for field in fields(Identity)))
_of_file = attrgetter(*(field.name for field in fields(FileContent)))
_of_recipient = attrgetter(*(field.name for field in fields(BouncedRecipient)))
_VALUES = {
    ("contactcenter.envelope", name)
    for name in ("BouncedRecipient", "Content", "FileContent", "Forwarded", "Identity", "IdentityKind", "MessageKind")
} | {("datetime", "datetime"), ("datetime", "timezone"), ("datetime", "timedelta")}


class ConfinedReader:
    """The :class:`contactcenter.envelope.BatchReader` of mail that nothing can hang or break. Thread-safe.

    There is a child for each of the two lanes that a worker reads at the same time, so that a mail that takes its
    seconds does not keep the other lane waiting; the second one starts when it is first needed.
    """

    def __init__(self, settings: Settings, made: OwnAddresses = frozenset, command: Sequence[str] = ()) -> None:
        """``command`` runs a child; the default is this module."""
        # A child reads strangers' mail: it gets none of our secrets.
        harmless = _without_secrets(settings)
        command = list(command) or [sys.executable, "-m", "contactcenter.channels.email.confined"]
        self._made = made
        self._children = [Child(harmless, command) for _ in range(CHILDREN)]
        self._free: queue.LifoQueue[Child] = queue.LifoQueue()  # the one used last is warm
        for child in reversed(self._children):
            self._free.put(child)

    def __call__(self, message: InboundMessage) -> Content:
        """The message understood; raises :class:`InvalidInput` when the child did not survive it."""
        (found,) = self.read_many([message])
        if isinstance(found, Exception):
            raise found
        return found

    def read_many(self, messages: Sequence[InboundMessage]) -> list[Content | Exception]:
        """Each message understood, or why it could not be.

        Several go to a child at once: waking another process for each costs nearly as much as reading it. When the
        child does not survive them, each is read alone, and only the one at fault fails.
        """
        found: list[Content | Exception] = []
        made = self._made()
        child = self._free.get()
        try:
            for group in _groups(messages):
                answers = child.ask(group, made)
                if answers is None and len(group) > 1:
                    answers = [one for message in group for one in child.ask([message], made) or [_TOO_MUCH]]
                for answer in answers or [_TOO_MUCH]:
                    whole = isinstance(answer, list)
                    found.append(_put_together(answer) if whole else InvalidInput(f"the reader failed: {answer}"))
        finally:
            self._free.put(child)
        return found

    @property
    def pid(self) -> int | None:
        """The first child's process id; None while there is none."""
        return self._children[0].pid

    def start(self) -> None:
        """Start a child now, so that the first mail does not wait for it."""
        child = self._free.get()
        try:
            child.running()
        finally:
            self._free.put(child)

    def close(self) -> None:
        """End the children, once what they read is read."""
        for child in [self._free.get() for _ in self._children]:
            child.kill()
            self._free.put(child)


def _without_secrets(settings: Settings) -> Settings:
    """What the reader needs of the settings: nothing that opens a door."""
    boxes = tuple(
        box.model_copy(update={"outgoing": None, "imap": box.imap and _without_login(box.imap)})
        for box in settings.mailboxes
    )
    closed = {"twilio": Twilio(), "outgoing": Outgoing(), "database": Database(), "mailboxes": boxes}
    return settings.model_copy(update=closed)


def _without_login(imap: Imap) -> Imap:
    return imap.model_copy(update=dict.fromkeys(("password", "client_secret", "refresh_token"), SecretStr("")))


class Child:
    """One child process, started when it is asked and again when it died. For one thread at a time."""

    def __init__(self, settings: Settings, command: Sequence[str]) -> None:
        self._settings = settings
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._frames = Frames(None, None)
        self._told: frozenset[str] = frozenset()  # the addresses of ours that it knows of

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""
        return self._process.pid if self._process is not None else None

    def ask(self, group: Sequence[InboundMessage], made: frozenset[str]) -> list[Any] | None:
        """The answers, a list of fields or what went wrong for each; None when the child did not survive."""
        try:
            frames = self.running()
            news = None if made == self._told else made
            frames.send(pickle.dumps(([_asked(one) for one in group], news), pickle.HIGHEST_PROTOCOL))
            self._told = made
            answers = _values(frames.receive(WALL_SECONDS))
        except (OSError, EOFError, TimeoutError, pickle.UnpicklingError):
            self.kill()
            return None
        return answers if isinstance(answers, list) and len(answers) == len(group) else None

    def running(self) -> Frames:
        """The way to it, started where it does not run."""
        if self._process is None or self._process.poll() is not None:
            self.kill()
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
            )
            self._frames = Frames(self._process.stdout, self._process.stdin)
            self._told = frozenset()
            self._frames.send(pickle.dumps(self._settings))
        return self._frames

    def kill(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what was still to be written has no reader any more
                    if stream is not None:
                        stream.close()


def _groups(messages: Sequence[InboundMessage]) -> Iterator[list[InboundMessage]]:
    """The messages in order, as many together as are small together."""
    group: list[InboundMessage] = []
    size = 0
    for message in messages:
        length = len(message.raw or b"")
        if group and (len(group) == _TOGETHER or size + length > _PIPE // 2):
            yield group
            group, size = [], 0
        group.append(message)
        size += length
    if group:
        yield group


class _PlainValues(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in _VALUES:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is no plain value")
        return super().find_class(module_name, global_name)


def _values(data: bytes) -> Any:
    return _PlainValues(io.BytesIO(data)).load()


class Frames:
    """Frames, each with its length in front, over a pair of unbuffered streams."""

    def __init__(self, source: IO[bytes] | None, target: IO[bytes] | None) -> None:
        self._source = source.fileno() if source else -1
        self._target = target.fileno() if target else -1
        self._ahead = b""  # read, and belongs to the next frame
        self._poll = select.poll()
        for end in (self._source, self._target):
            if end >= 0:
                _widen(end)
        if self._source >= 0:
            self._poll.register(self._source, select.POLLIN)

    def send(self, data: bytes) -> None:
        """Write one frame."""
        waiting = memoryview(_HEADER.pack(len(data)) + data)
        while waiting:
            waiting = waiting[os.write(self._target, waiting) :]

    def receive(self, within: float | None = None) -> bytes:
        """One frame; raises :class:`TimeoutError` and, when the other side is gone, :class:`EOFError`."""
        deadline = None if within is None else time.monotonic() + within
        found, self._ahead = self._ahead, b""
        while len(found) < _HEADER.size:
            found += self._read(deadline)
        (size,) = _HEADER.unpack_from(found)
        parts, missing = [found[_HEADER.size :]], _HEADER.size + size - len(found)
        while missing > 0:
            parts.append(self._read(deadline))
            missing -= len(parts[-1])
        whole = b"".join(parts)
        if missing:
            whole, self._ahead = whole[:size], whole[size:]
        return whole

    def _read(self, deadline: float | None) -> bytes:
        if deadline is not None and not self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
        data = os.read(self._source, _READ)
        if not data:
            raise EOFError
        return data


def _widen(pipe: int) -> None:
    """Let a pipe hold a whole mail, so that writer and reader need not take turns over it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the user's share of such pipes is used up: slower, that is all
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _limit_cpu() -> None:
    """Allow this mail its own seconds: the signal at their end ends the process."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)


def main() -> None:
    """Read mails from standard input until it ends."""
    frames = Frames(sys.stdin.buffer, sys.stdout.buffer)
    try:
        settings: Settings = pickle.loads(frames.receive())  # noqa: S301  # nosec B301 - from our own parent
    except EOFError:
        return
    if sys.platform == "linux":
        memory = MEMORY + 5 * max(0, settings.smtp.max_size - _USUAL_LIMIT)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    gc.freeze()  # what is loaded stays: no need to look through it at every collection
    gc.disable()  # while a mail is read nothing is thrown away in circles, and looking for them grows with its size
    made: frozenset[str] = frozenset()
    reader = MailReader(settings, lambda: made)
    unseen = 0  # mails since the last collection
    while True:
        try:
            asked, news = pickle.loads(frames.receive())  # noqa: S301  # nosec B301 - from our own parent
        except EOFError:
            return
        made = made if news is None else news
        answers = [_answer(reader, InboundMessage(*values)) for values in asked]
        frames.send(pickle.dumps(answers, pickle.HIGHEST_PROTOCOL))
        unseen += len(answers)
        if unseen > _COLLECT_EVERY:
            gc.collect()
            unseen = 0


def _taken_apart(content: Content) -> list[Any]:
    """The fields of a content; those that come with nearly every mail as words and tuples."""
    values = list(_answered(content))
    values[_PLACES["kind"]] = content.kind.value
    values[_PLACES["sender"]] = (content.sender.kind.value, *_of_person(content.sender)[1:])
    values[_PLACES["files"]] = [_of_file(file) for file in content.files]
    values[_PLACES["bounced"]] = [_of_recipient(one) for one in content.bounced]
    return values


def _put_together(values: list[Any]) -> Content:
    """The reverse of :func:`_taken_apart`."""
    kind, *person = values[_PLACES["sender"]]
    values[_PLACES["kind"]] = MessageKind(values[_PLACES["kind"]])
    values[_PLACES["sender"]] = Identity(IdentityKind(kind), *person)
    values[_PLACES["files"]] = tuple([FileContent(*file) for file in values[_PLACES["files"]]])
    values[_PLACES["bounced"]] = tuple([BouncedRecipient(*one) for one in values[_PLACES["bounced"]]])
    return Content(*values)


def _answer(reader: MailReader, message: InboundMessage) -> list[Any] | str:
    """The fields of what a mail says, or what went wrong."""
    _limit_cpu()
    try:
        return _taken_apart(reader(message))
    except Exception as error:  # noqa: BLE001 - said to the parent, which counts it against the mail
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
