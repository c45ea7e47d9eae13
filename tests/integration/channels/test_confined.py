"""The confined reader: reads like the plain one, and outlives whatever a mail does to its child."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from contactcenter.channels.email.confined import ConfinedReader
from contactcenter.channels.email.reader import MailReader
from contactcenter.envelope import Channel, Identity, IdentityKind, InboundMessage
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
source, target = sys.stdin.buffer, sys.stdout.buffer
confined._receive(source)
confined._receive(source)
{misdeed}
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
    assert reader(message()) == MailReader(SETTINGS)(message())


def test_one_child_reads_many_mails(reader: ConfinedReader) -> None:
    reader(message())
    child = reader._child
    reader(message())
    assert reader._child is child


def test_a_large_mail_passes(reader: ConfinedReader) -> None:
    assert len(reader(message(RAW + b"x" * 5_000_000)).text) > 1000


def test_the_child_gets_no_secrets() -> None:
    settings = Settings(outgoing={"password": "hunter2"}, twilio={"auth_token": "t0ken"})  # type: ignore[arg-type]
    kept = ConfinedReader(settings)._settings
    assert kept.outgoing.password.get_secret_value() == ""
    assert kept.twilio.auth_token.get_secret_value() == ""


@pytest.mark.parametrize(
    "misdeed",
    [
        "import os; os._exit(9)",
        "import resource; confined._limit_cpu()\nwhile True: pass",
        "target.write(b'short'); target.flush(); sys.exit()",
        "import pickle, os; confined._send(target, b'cos\\nsystem\\n(S\\'true\\'\\ntR.')",
    ],
    ids=["dies", "spins", "answers short", "answers with code"],
)
def test_a_child_that_goes_wrong_fails_its_mail_and_nothing_else(misdeed: str) -> None:
    reader = misbehaving(misdeed)
    with pytest.raises(InvalidInput, match="too much"):
        reader(message())
    reader._command = [sys.executable, "-m", "contactcenter.channels.email.confined"]
    assert reader(message()).text == "hello"
    reader.close()


def test_the_child_ends_with_its_parent(reader: ConfinedReader) -> None:
    reader(message())
    child = reader._child
    assert child is not None
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(10) == 0
