"""The mail sender against an SMTP server of its own."""

# ruff: noqa: N802  # aiosmtpd finds hooks by their names

import asyncio
import itertools
import ssl
from base64 import b64decode
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from contactcenter import clock
from contactcenter.channels.email import smart_host
from contactcenter.channels.email.composing import compose
from contactcenter.channels.email.lanes import Lanes
from contactcenter.channels.email.sending import MailSender
from contactcenter.envelope import Channel, DeliveryState, Identity, IdentityKind, OutboundMessage, RefusedRecipient
from contactcenter.errors import NotOffered, PermanentDelivery, TemporaryDelivery, UncertainDelivery
from contactcenter.settings import Imap, Mailbox, Outgoing, PerDomain, Settings, Smtp

CERTIFICATE = Path(__file__).parent / "localhost.pem"


class SmartHost:
    """An SMTP server that keeps what it gets; ``answers`` replace its own, ``cut_at`` names where to break."""

    def __init__(self):
        self.mails, self.connections, self.answers = [], [], {}
        self.cut_at = ""
        self.logins = []
        self.held = {}

    async def start(self, *, tls=False, starttls=False, login=False):
        loop = asyncio.get_running_loop()
        context = None
        if tls or starttls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)

        def session():
            made = SMTP(
                self,
                hostname="smart.example",
                enable_SMTPUTF8=True,
                loop=loop,
                tls_context=context if starttls else None,
                require_starttls=starttls,
                auth_required=login,
                auth_require_tls=not tls,
                authenticator=self._login,
            )
            self.connections.append(made)
            return made

        self.server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if tls else None)
        return self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        for connection in self.connections:
            if connection.transport is not None:
                connection.transport.abort()

    def _login(self, server, session, envelope, mechanism, data):
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"right", handled=False)

    async def auth_XOAUTH2(self, server, args):
        said = b64decode(args[1])
        self.logins.append(said)
        return AuthResult(success=b"Bearer new" in said, handled=False)

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.cut_at == "MAIL":
            server.transport.abort()
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.answers.get(address, "250 OK")
        if held := self.held.get(address.rpartition("@")[2]):
            await held.wait()
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        if self.cut_at == "DATA":
            server.transport.abort()
        answer = self.answers.get("DATA", "250 2.0.0 queued as 7")
        if answer.startswith("250"):
            self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return answer


class World:
    def __init__(self):
        self.host = SmartHost()

    async def start(self, tls="none", *, name="127.0.0.1", login=False, password="right"):
        port = await self.host.start(tls=tls == "tls", starttls=tls == "starttls", login=login)
        outgoing = Outgoing(host=name, port=port, tls=tls, user="desk" if login else "", password=password, timeout=5)
        self.outgoing = outgoing
        self.sender = MailSender(Settings(outgoing=outgoing, smtp=Smtp(hostname="desk.example")))
        return self

    async def send(self, **more):
        to = Identity(IdentityKind.EMAIL, more.pop("address", "ann@customer.example"))
        identifier = more.pop("id", "m1")
        values = {"text": "Hello\n.\n..dots", "sender": "support@desk.example", "external_id": "1@desk.example", **more}
        return await self.sender.send(OutboundMessage(identifier, Channel.EMAIL, to, **values))


@pytest.fixture
async def world():
    made = World()
    yield made
    await made.sender.close()
    await made.host.stop()


async def test_a_mail_arrives_as_composed(world):
    await world.start()
    result = await world.send(cc=("bob@customer.example",), bcc=("boss@desk.example",))
    assert (result.external_id, result.state, result.detail) == (
        "1@desk.example",
        DeliveryState.SENT,
        "2.0.0 queued as 7",
    )
    [(mail_from, recipients, content)] = world.host.mails
    assert (mail_from, recipients) == (
        "support@desk.example",
        ["ann@customer.example", "bob@customer.example", "boss@desk.example"],
    )
    assert content.endswith(b"\r\n\r\nHello\r\n.\r\n..dots\r\n")


async def test_automatic_mail_leaves_by_the_null_path(world):
    await world.start()
    await world.send(automatic=True)
    assert world.host.mails[0][0] == "<>"


async def test_a_connection_is_kept_for_the_next_mail(world):
    await world.start()
    for _ in range(3):
        await world.send()
    assert (len(world.host.mails), len(world.host.connections)) == (3, 1)


async def test_mails_at_the_same_time_share_a_few_connections(world):
    await world.start()
    await asyncio.gather(*(world.send() for _ in range(40)))
    assert len(world.host.mails) == 40
    assert len(world.host.connections) <= smart_host.MAX_CONNECTIONS


async def test_a_kept_connection_that_the_host_ended_is_replaced(world):
    await world.start()
    await world.send()
    world.host.connections[0].transport.close()
    await world.send()
    assert (len(world.host.mails), len(world.host.connections)) == (2, 2)


async def test_a_connection_idle_for_long_is_not_used_again(world, monkeypatch):
    await world.start()
    monkeypatch.setattr(smart_host, "IDLE_SECONDS", -1.0)
    await world.send()
    await world.send()
    assert len(world.host.connections) == 2


@pytest.mark.parametrize(
    ("where", "answer", "error", "code"),
    [
        ("MAIL", "451 4.7.1 greylisted", TemporaryDelivery, "4.7.1"),
        ("MAIL", "550 5.7.1 not from you", PermanentDelivery, "5.7.1"),
        ("ann@customer.example", "550 5.1.1 no such user", PermanentDelivery, "5.1.1"),
        ("ann@customer.example", "452 full", TemporaryDelivery, "452"),
        ("DATA", "554 5.7.1 spam", PermanentDelivery, "5.7.1"),
        ("DATA", "451 4.3.0 later", TemporaryDelivery, "4.3.0"),
    ],
)
async def test_a_refusal_says_whether_to_try_again_and_keeps_the_connection(world, where, answer, error, code):
    await world.start()
    world.host.answers[where] = answer
    with pytest.raises(error) as caught:
        await world.send()
    assert caught.value.code == code
    world.host.answers.clear()
    await world.send()
    assert len(world.host.mails) == 1


async def test_a_refused_copy_does_not_hold_the_mail_back(world):
    await world.start()
    world.host.answers["bob@customer.example"] = "550 5.1.1 no such user"
    result = await world.send(cc=("bob@customer.example",))
    assert result.refused == (RefusedRecipient("bob@customer.example", "5.1.1", "550 5.1.1 no such user", final=True),)
    assert world.host.mails[0][1] == ["ann@customer.example"]


async def test_a_break_before_the_data_is_temporary_and_behind_it_uncertain(world):
    await world.start()
    world.host.cut_at = "MAIL"
    with pytest.raises(TemporaryDelivery):
        await world.send()
    world.host.cut_at = "DATA"
    with pytest.raises(UncertainDelivery):
        await world.send()


async def test_an_unreachable_host_is_temporary(world):
    await world.start()
    await world.host.stop()
    with pytest.raises(TemporaryDelivery, match="smart host"):
        await world.send()


async def test_an_interrupted_try_cannot_be_looked_up(world):
    await world.start()
    to = Identity(IdentityKind.EMAIL, "ann@customer.example")
    assert await world.sender.find(OutboundMessage("m1", Channel.EMAIL, to, "x")) is None


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_mail_goes_encrypted_to_a_host_that_proves_its_name(world, tls, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    await world.start(tls, name="localhost", login=tls == "tls")
    await world.send()
    assert len(world.host.mails) == 1
    assert world.host.logins == ([(b"desk", b"right")] if tls == "tls" else [])


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_host_that_cannot_prove_its_name_gets_nothing(world, tls):
    await world.start(tls, name="localhost")
    with pytest.raises(TemporaryDelivery):
        await world.send()
    assert world.host.mails == []


@pytest.mark.parametrize(("host", "days"), [("other.example", (-1, 9)), ("localhost", (-9, -1))])
async def test_a_certificate_of_another_name_or_out_of_date_is_not_believed(world, tmp_path, monkeypatch, host, days):
    path = certificate(tmp_path / "own.pem", host, days)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setattr("tests.integration.channels.test_sending.CERTIFICATE", path)
    await world.start("tls", name="localhost")
    with pytest.raises(NotOffered, match="certificate"):
        await world.send()
    assert world.host.mails == []


def certificate(path, host, days):
    """A self-signed certificate of a host, valid between two days seen from today."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    start, end = (clock.now() + timedelta(days=day) for day in days)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, end)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


async def test_a_mailbox_with_a_host_of_its_own_sends_through_it(world):
    await world.start()
    own = SmartHost()
    outgoing = Outgoing(host="127.0.0.1", port=await own.start(), envelope_from="bounces@shop.example")
    box = Mailbox(address="shop@shop.example", outgoing=outgoing)
    sender = MailSender(Settings(outgoing=world.outgoing, mailboxes=(box,)))
    to = Identity(IdentityKind.EMAIL, "ann@customer.example")
    for address in ("shop@shop.example", "support@desk.example"):
        await sender.send(OutboundMessage("m1", Channel.EMAIL, to, "Hi", sender=address))
    assert [mail[0] for mail in own.mails] == ["bounces@shop.example"]
    assert [mail[0] for mail in world.host.mails] == ["support@desk.example"]
    await sender.close()
    await own.stop()


async def test_a_host_that_wants_oauth_gets_a_token_and_a_refused_one_is_renewed(world, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    await world.start("tls", name="localhost", login=True)
    asked = []

    async def token(fresh):
        asked.append(fresh)
        return "new" if fresh else "old"

    outgoing = world.outgoing.model_copy(update={"user": "ann@x.example"})
    host = smart_host.SmartHost(outgoing, "desk.example", token=token)
    to = Identity(IdentityKind.EMAIL, "ann@customer.example")
    mail = compose(OutboundMessage("m1", Channel.EMAIL, to, "Hi", sender="support@desk.example"))
    with pytest.raises(NotOffered):
        await host.hand_over(mail)
    await host.hand_over(mail)
    assert (asked, world.host.logins[-1]) == ([False, True], b"user=ann@x.example\x01auth=Bearer new\x01\x01")
    await host.close()


def test_a_mailbox_fetched_by_oauth_sends_by_it_unless_it_has_a_password():
    imap = Imap(
        host="x", auth="xoauth2", token_url="https://x.example/t", client_id="c", refresh_token="r", user="a@x.example"
    )
    made = [
        MailSender(Settings(mailboxes=(Mailbox(address="a@x.example", imap=imap, outgoing=outgoing),)))
        for outgoing in (Outgoing(user="a@x.example"), Outgoing(user="a@x.example", password="p"), Outgoing())
    ]
    assert [sender._own["a@x.example"]._token is not None for sender in made] == [True, False, False]


async def test_a_mail_goes_only_to_those_who_have_not_got_it(world):
    await world.start()
    await world.send(cc=("bob@customer.example", "eve@customer.example"), only=("bob@customer.example",))
    assert world.host.mails[0][1] == ["bob@customer.example"]
    assert b"Cc: bob@customer.example,\r\n eve@customer.example" in world.host.mails[0][2]


async def test_a_copy_put_off_is_told_apart_from_one_refused(world):
    await world.start()
    world.host.answers |= {"bob@customer.example": "450 4.2.0 greylisted", "eve@customer.example": "550 5.1.1 unknown"}
    result = await world.send(cc=("bob@customer.example", "eve@customer.example"))
    assert [(one.address, one.code, one.final) for one in result.refused] == [
        ("bob@customer.example", "4.2.0", False),
        ("eve@customer.example", "5.1.1", True),
    ]


@pytest.mark.parametrize("where", ["MAIL", "ann@customer.example", "DATA"])
async def test_a_host_that_closes_says_nothing_about_the_mail(world, where):
    await world.start()
    world.host.answers[where] = "421 4.3.2 shutting down"
    with pytest.raises(NotOffered) as caught:
        await world.send()
    assert caught.value.retry_after is None


async def test_a_slow_domain_does_not_hold_up_the_others(world):
    await world.start()
    world.sender._lanes = Lanes(PerDomain(connections=2))
    world.host.held["slow.example"] = asyncio.Event()
    slow = [asyncio.create_task(world.send(id=f"s{n}", address="a@slow.example")) for n in range(6)]
    for turned_away in itertools.islice(asyncio.as_completed(slow), 4):
        with pytest.raises(NotOffered):
            await turned_away
    waiting = [task for task in slow if not task.done()]
    await world.send(address="bob@quick.example")
    world.host.held["slow.example"].set()
    await asyncio.gather(*waiting)
    assert len(world.host.mails) == 3


async def test_a_refused_login_is_temporary_and_tells_no_secret(world, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    await world.start("tls", name="localhost", login=True, password="wrong-secret")
    with pytest.raises(TemporaryDelivery) as caught:
        await world.send()
    assert "wrong-secret" not in str(caught.value)


async def test_an_international_address_needs_a_host_that_takes_it(world):
    await world.start()
    await world.send(address="张伟@例子.example")
    assert world.host.mails[0][1][0].startswith("张伟@xn--")


async def test_a_host_without_the_extension_cannot_take_it(world, monkeypatch):
    await world.start()
    monkeypatch.setattr(smart_host.SMTP, "supports_extension", lambda *_: False)
    with pytest.raises(PermanentDelivery) as caught:
        await world.send(address="张伟@例子.example")
    assert caught.value.code == "5.6.7"
