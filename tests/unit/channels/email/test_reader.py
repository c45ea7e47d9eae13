"""What the mail reader believes, and of whom."""

import pytest

from contactcenter.channels.email.composing import compose
from contactcenter.channels.email.reader import MailReader, Ours
from contactcenter.envelope import Channel, Identity, IdentityKind, InboundMessage, MessageKind, OutboundMessage
from contactcenter.settings import Imap, Mailbox, Settings, Smtp

TOKEN = "r" + "a2b3" * 10
PASS = "mx.desk.example; dmarc=pass header.from=customer.example; spf=pass smtp.mailfrom=customer.example"
SETTINGS = Settings(
    smtp=Smtp(authserv_id="mx.desk.example"),
    mailboxes=(
        Mailbox(address="support@desk.example"),
        Mailbox(address="sales@desk.example", imap=Imap(host="imap.example", authserv_id="imap.example")),
    ),
)
SMTP = {"door": "smtp", "mail_from": "ann@customer.example", "trusted": False, "assumed": False}
IMAP = {"door": "imap", "mailbox": "sales@desk.example", "trusted": True, "authserv_id": "imap.example"}


def read(
    *fields, envelope=SMTP, sender="Ann <Ann@Customer.example>", body="Hello", recipients=("support@desk.example",)
):
    head = "\r\n".join([f"From: {sender}", "To: support@desk.example", "Message-ID: <1@customer.example>", *fields])
    raw = f"{head}\r\n\r\n{body}\r\n".encode()
    identity = Identity(IdentityKind.EMAIL, "ann@customer.example")
    return MailReader(Ours.of(SETTINGS))(
        InboundMessage(Channel.EMAIL, "k", identity, raw=raw, recipients=recipients, envelope=envelope)
    )


def test_a_mail_is_read():
    content = read(
        "Subject: hi", "In-Reply-To: <2@desk.example>", "References: <1@x> <2@desk.example>", "Reply-To: a@b.example"
    )
    assert (str(content.sender), content.sender.name) == ("email:ann@customer.example", "Ann")
    assert (content.subject, content.text, content.external_id) == ("hi", "Hello", "1@customer.example")
    assert (content.in_reply_to, content.references) == ("2@desk.example", ("1@x", "2@desk.example"))
    assert (content.reply_to, content.kind, content.automatic) == ("a@b.example", MessageKind.MESSAGE, False)


@pytest.mark.parametrize(
    ("envelope", "results", "expected"),
    [
        (SMTP, PASS, False),
        (SMTP | {"trusted": True}, PASS, True),
        (SMTP | {"trusted": True}, PASS.replace("mx.desk", "mx.evil"), False),
        (SMTP | {"trusted": True}, PASS.replace("customer.example", "evil.example"), False),
        (SMTP | {"trusted": True}, PASS.replace("dmarc=pass", "dmarc=fail"), False),
        (SMTP | {"assumed": True}, "none", True),
        (SMTP | {"assumed": "yes"}, "none", False),
        (IMAP, PASS.replace("mx.desk.example;", "imap.example;"), True),
        (IMAP, PASS, False),
        ({}, PASS, False),
    ],
)
def test_only_our_own_servers_vouch_for_a_sender(envelope, results, expected):
    assert read(f"Authentication-Results: {results}", envelope=envelope).authenticated is expected


def test_the_results_of_untrusted_relays_are_not_even_shown():
    said = read(f"Authentication-Results: {PASS}").authentication
    assert said == {"spf": "none", "dkim": "none", "dmarc": "none", "verdict": "unproven"}


def test_an_ambiguous_sender_is_never_authenticated():
    assert not read("From: boss@desk.example", envelope=SMTP | {"assumed": True}).authenticated


def test_a_spam_mark_counts_from_a_trusted_relay_only():
    assert not read("X-Spam-Flag: YES").spam
    assert read("X-Spam-Flag: YES", envelope=SMTP | {"trusted": True}).spam
    assert not read("X-Spam-Flag: NO", envelope=SMTP | {"trusted": True}).spam


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ((), {"sender": "support+x@DESK.example"}),
        ((), {"envelope": SMTP | {"mail_from": ""}}),
        (("Auto-Submitted: auto-replied",), {}),
        (("Precedence: bulk",), {}),
        (("List-Id: <l.example>",), {}),
    ],
)
def test_what_a_machine_or_we_ourselves_wrote_is_automatic(fields, more):
    assert read(*fields, **more).automatic


def test_the_reply_token_comes_from_any_of_our_addresses():
    assert read(recipients=(f"support+{TOKEN}@desk.example",)).reply_token == TOKEN
    assert read(f"Cc: Sales+{TOKEN.upper()}@desk.example").reply_token == TOKEN
    assert read(f"Cc: sales+{TOKEN}@evil.example").reply_token == ""


def test_our_own_automatic_answer_coming_back_starts_nothing():
    to = Identity(IdentityKind.EMAIL, "ann@customer.example")
    sent = compose(OutboundMessage("m", Channel.EMAIL, to, "hi", sender="support@desk.example", automatic=True))
    message = InboundMessage(Channel.EMAIL, "k", to, raw=sent.content, envelope=SMTP)
    assert MailReader(Ours.of(SETTINGS))(message).automatic


@pytest.mark.parametrize("raw", [b"", b"\x00" * 100, b"From: " + b"(" * 5000, b"\xff\xfe", None])
def test_garbage_is_read_without_an_error(raw):
    identity = Identity(IdentityKind.EMAIL, "ann@customer.example")
    content = MailReader(Ours.of(SETTINGS))(InboundMessage(Channel.EMAIL, "k", identity, raw=raw))
    assert (content.sender.value, content.authenticated) == ("ann@customer.example", False)


def test_a_mail_from_a_mailbox_made_in_the_console_is_our_own_loop() -> None:
    raw = b"From: made@desk.example\r\nTo: support@desk.example\r\n\r\nhello\r\n"
    message = InboundMessage(Channel.EMAIL, "k", Identity(IdentityKind.EMAIL, "made@desk.example"), raw=raw)
    assert not MailReader(Ours.of(SETTINGS))(message).automatic
    assert MailReader(Ours.of(SETTINGS), lambda: frozenset({"made@desk.example"}))(message).automatic
