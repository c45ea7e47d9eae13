"""The confined reader: reads like the plain one, and outlives whatever a mail does to its child."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator

import pytest

from contactcenter.channels.email.confined import ConfinedReader
from contactcenter.channels.email.reader import MailReader, Ours
from contactcenter.envelope import Channel, Content, Identity, IdentityKind, InboundMessage, TakesLong
from contactcenter.errors import InvalidInput
from contactcenter.settings import Mailbox, Settings

SETTINGS = Settings(mailboxes=(Mailbox(address="support@desk.example"),))
RAW = (
    b"From: Ann <ann@customer.example>\r\nTo: support@desk.example\r\nSubject: =?utf-8?b?5oqV6K+J?=\r\n"
    b"Message-ID: <1@customer.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\nhello\r\n"
)
CHILD = """
import sys
from contactcenter.channels.email import confined
target = sys.stdout.buffer
frames = confined.Frames(sys.stdin.buffer, target)
frames.receive()
frames.receive()
{misdeed}
"""

FAILS_AT_ONE = """
import os, time
from contactcenter.channels.email import confined
from contactcenter.channels.email.reader import MailReader, Ours
def work(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds: pass
def spin():
    while True: pass
def hoard():
    kept = []
    while True: kept.append(bytearray(2**24))
read = MailReader.__call__
MailReader.__call__ = lambda self, message: {misdeed} if b"deadly" in message.raw else read(self, message)
confined.main()
"""


def message(raw: bytes = RAW) -> InboundMessage:
    return InboundMessage(Channel.EMAIL, "k", Identity(IdentityKind.EMAIL, "ann@customer.example"), raw=raw)


@pytest.fixture
def reader() -> Iterator[ConfinedReader]:
    reader = ConfinedReader(SETTINGS)
    yield reader
    reader.close()


def misbehaving(misdeed: str) -> ConfinedReader:
    return ConfinedReader(SETTINGS, command=[sys.executable, "-c", CHILD.format(misdeed=misdeed)])


def test_it_reads_what_the_plain_reader_reads(reader: ConfinedReader) -> None:
    assert reader(message()) == MailReader(Ours.of(SETTINGS))(message())


def test_one_child_reads_many_mails(reader: ConfinedReader) -> None:
    reader.read_many([message()])
    child = reader.pid
    reader.read_many([message()])
    assert reader.pid == child


def test_many_at_once_are_read_as_one_by_one(reader: ConfinedReader) -> None:
    mails = [message(RAW + b"%d\r\n" % number) for number in range(100)] + [message(RAW + b"x" * 2_000_000)]
    assert reader.read_many(mails) == [MailReader(Ours.of(SETTINGS))(mail) for mail in mails]


@pytest.mark.parametrize("misdeed", ["os._exit(9)", "spin()", "hoard()"])
def test_of_many_at_once_only_the_one_at_fault_is_given_up(misdeed: str) -> None:
    reader = ConfinedReader(SETTINGS, command=[sys.executable, "-c", FAILS_AT_ONE.format(misdeed=misdeed)])
    found = reader.read_many([message(), message(RAW + b"deadly"), message()])
    with pytest.raises(InvalidInput, match=r"too much|MemoryError"):
        reader(message(RAW + b"deadly"))
    reader.close()
    assert [type(one) for one in found] == [Content, TakesLong, Content]


def test_what_is_given_up_is_read_alone() -> None:
    """Given up among others, for it takes a tenth of a second and more; read, when nobody waits."""
    slow = FAILS_AT_ONE.format(misdeed="work(0.3) or read(self, message)")
    reader = ConfinedReader(SETTINGS, command=[sys.executable, "-c", slow])
    deadly = message(RAW + b"deadly")
    assert [type(one) for one in reader.read_many([deadly])] == [TakesLong]
    assert reader(deadly).text == "hello\ndeadly"
    reader.close()


def test_giving_up_costs_no_child() -> None:
    reader = ConfinedReader(SETTINGS, command=[sys.executable, "-c", FAILS_AT_ONE.format(misdeed="spin()")])
    reader.read_many([message()])
    child = reader.pid
    reader.read_many([message(RAW + b"deadly")])
    assert reader.pid == child
    reader.close()


def test_two_threads_have_a_child_each(reader: ConfinedReader) -> None:
    first = reader._take()  # as a thread that is at work
    assert [type(one) for one in reader.read_many([message()])] == [Content]
    assert (first.pid, reader._children[1].pid is not None) == (None, True)
    reader._put_back(first)


def test_rare_parts_are_read_within_the_childs_limits_too(reader: ConfinedReader) -> None:
    """Their libraries are loaded where they are met, when the child's memory is already limited."""
    head = b"From: a@b.example\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\nhi\r\n--s\r\n"
    content = reader(message(head + b"Content-Type: application/pkcs7-signature\r\n\r\njunk\r\n--s--\r\n"))
    assert (content.text, content.authentication["smime"]) == ("hi", "unknown")


def test_a_large_mail_passes(reader: ConfinedReader) -> None:
    assert len(reader(message(RAW + b"x" * 5_000_000)).text) > 1000


def test_the_child_gets_no_secrets() -> None:
    smart_host, login = {"password": "s3cret-1"}, {"host": "imap.example", "password": "s3cret-2"}
    box = {"address": "a@b.example", "imap": login, "outgoing": smart_host}
    values = {"outgoing": smart_host, "twilio": {"auth_token": "s3cret-3"}, "mailboxes": [box]}
    settings = Settings(**values, database={"url": "postgresql://u:s3cret-4@db/x"})  # type: ignore[arg-type]
    given = ConfinedReader(settings)._children[0]._rules
    assert b"s3cret" in pickle.dumps(settings)
    assert b"s3cret" not in pickle.dumps(given)


@pytest.mark.parametrize(
    "misdeed",
    [
        "import os; os._exit(9)",
        "import signal; signal.setitimer(signal.ITIMER_PROF, 0.1)\nwhile True: pass",
        "target.write(b'short'); target.flush(); sys.exit()",
        "frames.send(b'cos\\nsystem\\n(S\\'true\\'\\ntR.')",
    ],
    ids=["dies", "spins", "answers short", "answers with code"],
)
def test_a_child_that_goes_wrong_fails_its_mail_and_nothing_else(misdeed: str) -> None:
    reader = misbehaving(misdeed)
    with pytest.raises(InvalidInput, match="too much"):
        reader(message())
    reader._patient._command = [sys.executable, "-m", "contactcenter.channels.email.confined"]
    assert reader(message()).text == "hello"
    reader.close()


def test_the_child_ends_with_its_parent(reader: ConfinedReader) -> None:
    reader.read_many([message()])
    child = reader._children[0]._process
    assert child is not None
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(10) == 0
