"""The mail door over real sockets."""

import asyncio
import smtplib
import socket
import ssl
from pathlib import Path

import pytest
import structlog

from contactcenter.channels.email.receiving import MailDoor
from contactcenter.errors import SettingsError, Unavailable
from contactcenter.settings import Lmtp, Mailbox, Settings, Smtp
from tests.integration.channels.doubles import RecordingSink

CERTIFICATE = Path(__file__).parent / "localhost.pem"
OURS = "support@desk.example"
LOCAL = (b"support@desk.example", b"nobody@desk.example", b"sales@desk.example")
MAIL = (
    b"From: =?utf-8?b?5byg5Lyf?= <Zhang.Wei@Customer.example>\r\nTo: support@desk.example\r\n"
    b"Subject: hello\r\nMessage-ID: <1@customer.example>\r\n\r\nWhere is my parcel?\r\n"
)


class Directory:
    """Knows our address and the sales address."""

    error: Exception | None = None

    async def knows(self, address):
        if self.error:
            raise self.error
        return address in {OURS, "sales@desk.example", "支持@desk.example"}

    async def queue_of(self, address):
        return {"sales@desk.example": "sales"}.get(address, "service")


class World:
    """An open door with its sink."""

    def __init__(self, tmp_path, protocol="smtp", **smtp):
        self.sink, self.directory = RecordingSink(), Directory()
        limits = {key: smtp.pop(key) for key in ("max_connections", "max_per_peer") if key in smtp}
        settings = Settings(
            data=tmp_path,
            smtp=Smtp(**{"listen": "127.0.0.1:0", "hostname": "mx.desk.example", **smtp}),
            lmtp=Lmtp(listen="127.0.0.1:0"),
            mailboxes=(Mailbox(address=OURS),),
        )
        self.door = MailDoor(settings, self.sink, self.directory, protocol=protocol, **limits)

    def client(self):
        client = smtplib.SMTP("127.0.0.1", self.door.port, local_hostname="client.example", timeout=10)
        client.ehlo()
        return client

    async def talk(self, script, *, wait=True):
        """Send bytes in order, each after the answer to the one before; all answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.door.port)
        answers = [await reader.readline()]
        for line in script:
            writer.write(line)
            answers.append(await reader.readline())
        writer.close()
        return [answer.decode().strip() for answer in answers]


@pytest.fixture
async def open_door(tmp_path):
    made = []

    async def open_it(**smtp):
        world = World(tmp_path, **smtp)
        await world.door.start()
        made.append(world)
        return world

    yield open_it
    for world in made:
        await world.door.stop()


@pytest.fixture
def open_lmtp(open_door):
    return lambda: open_door(protocol="lmtp")


def send(client, recipients=(OURS,), mail=MAIL, sender="zhang.wei@customer.example", options=()):
    return client.sendmail(sender, list(recipients), mail, options)


async def run(function, *args, **kwargs):
    return await asyncio.to_thread(function, *args, **kwargs)


async def test_a_mail_is_accepted_with_what_the_door_saw(open_door):
    world = await open_door(trusted=("127.0.0.0/8",), assume_authenticated=("10.0.0.0/8",))
    client = await run(world.client)
    await run(send, client)
    [message] = world.sink.messages
    assert message.raw == MAIL
    assert (str(message.sender), message.sender.name) == ("email:zhang.wei@customer.example", "张伟")
    assert (message.queue, message.recipients, len(message.ingest_key)) == ("service", (OURS,), 64)
    saw = {"peer": "127.0.0.1", "helo": "client.example", "mail_from": "zhang.wei@customer.example", "tls": False}
    assert message.envelope == saw | {"door": "smtp", "recipients": [OURS], "trusted": True, "assumed": False}


async def test_the_greeting_names_the_host_and_no_software(open_door):
    world = await open_door()
    [banner] = await world.talk([])
    assert banner == "220 mx.desk.example ESMTP"


async def test_the_extensions_are_the_promised_ones(open_door):
    world = await open_door(max_size=1000)
    client = await run(world.client)
    assert client.esmtp_features == {"size": "1000", "8bitmime": "", "smtputf8": "", "pipelining": ""}


async def test_one_mail_for_many_of_our_addresses_is_one_message(open_door):
    world = await open_door()
    await run(send, await run(world.client), ["postmaster", "Support+Order.7@DESK.example", "sales@desk.example", OURS])
    [message] = world.sink.messages
    assert message.recipients == ("postmaster", "Support+Order.7@DESK.example", "sales@desk.example", OURS)
    assert message.queue == "service"


async def test_an_unknown_recipient_is_refused_at_once(open_door):
    world = await open_door()
    client = await run(world.client)
    await run(client.mail, "a@b.example")
    for address in ("nobody@desk.example", "support@other.example", "postmaster@other.example"):
        code, text = await run(client.rcpt, address)
        assert (code, text.split()[0]) == (550, b"5.1.1")
    assert await run(client.rcpt, "Postmaster@Desk.Example") == (250, b"2.1.5 OK")


async def test_a_directory_that_is_away_means_later(open_door):
    world = await open_door()
    world.directory.error = Unavailable("the database is away")
    client = await run(world.client)
    await run(client.mail, "a@b.example")
    assert (await run(client.rcpt, OURS))[0] == 451


async def test_a_mail_over_the_size_limit_is_refused_declared_or_not(open_door):
    world = await open_door(max_size=2000)
    client = await run(world.client)
    assert (await run(client.mail, "a@b.example", ["size=2001"]))[0] == 552
    await run(client.mail, "a@b.example")
    await run(client.rcpt, OURS)
    assert (await run(client.data, MAIL + b"x" * 70 * 25 + b"\r\n" * 200))[0] == 552
    await run(client.mail, "a@b.example")
    await run(client.rcpt, OURS)
    assert (await run(client.data, MAIL + b"x" * 200_000))[0] == 552
    await run(send, client)
    assert len(world.sink.messages) == 1


async def test_a_mail_of_exactly_the_limit_is_taken_whatever_its_dots(open_door):
    body = MAIL + b".\r\n" * 500 + b".a\r\n" * 500
    world = await open_door(max_size=len(body))
    await run(send, await run(world.client), mail=body)
    assert world.sink.messages[0].raw == body


async def test_the_hundred_and_first_recipient_is_too_many(open_door):
    world = await open_door()
    client = await run(world.client)
    await run(client.mail, "a@b.example")
    codes = [(await run(client.rcpt, f"support+{number}@desk.example"))[0] for number in range(101)]
    assert codes == [250] * 100 + [452]
    assert (await run(client.data, MAIL))[0] == 250
    assert len(world.sink.messages[0].recipients) == 100


async def test_a_sink_that_is_away_means_later_and_nothing_else_leaks(open_door):
    world = await open_door()
    client = await run(world.client)
    with structlog.testing.capture_logs() as logs:
        for error in (Unavailable("the database is away"), RuntimeError("secret")):
            world.sink.error = error
            await run(client.mail, "a@b.example")
            await run(client.rcpt, OURS)
            assert await run(client.data, MAIL) == (451, b"4.3.0 Try again later")
    assert [entry["event"] for entry in logs] == ["mail put off", "mail not accepted"]
    world.sink.error = None
    await run(send, client)


@pytest.mark.parametrize(
    "ending",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r",
        b"\r.\r\n",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\r\n\x00.\r\n",
        b"\r\n.\x00\r\n",
        b"\r.\n",
        b"\n.\r",
    ],
)
async def test_no_ending_but_the_true_one_ends_the_data(open_door, ending):
    world = await open_door()
    smuggled = b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\nSubject: forged\r\n\r\nx"
    body = MAIL + b"text" + ending + smuggled
    envelope = [b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<support@desk.example>\r\n", b"DATA\r\n"]
    answers = await world.talk([b"HELO a\r\n", *envelope, body + b"\r\n.\r\n", b"NOOP\r\n"])
    assert [answer[:3] for answer in answers] == ["220", "250", "250", "250", "354", "250", "250"]
    assert [one.raw for one in world.sink.messages] == [body.replace(b"\r\n.", b"\r\n") + b"\r\n"]


@pytest.mark.parametrize("piece", [65_535, 65_536, 65_537, 65_539, 100_000])
async def test_the_ending_is_found_however_the_bytes_arrive(open_door, piece):
    world = await open_door()
    body = b"\r\n".join(b"line %d." % number for number in range(20_000)) + b"\r\n..dots\r\n"
    wire = MAIL + body + b".\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", world.door.port)
    writer.write(b"HELO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n")
    for _ in range(5):
        await reader.readline()
    for start in range(0, len(wire), piece):
        writer.write(wire[start : start + piece])
        await writer.drain()
    assert (await reader.readline()).startswith(b"250")
    writer.close()
    assert world.sink.messages[0].raw == MAIL + body.replace(b"\r\n..", b"\r\n.")


async def test_the_empty_mail_and_very_long_lines_are_taken(open_door):
    world = await open_door()
    envelope = [b"MAIL FROM:<>\r\n", b"RCPT TO:<support@desk.example>\r\n", b"DATA\r\n"]
    answers = await world.talk(
        [b"HELO a\r\n", *envelope, b".\r\n", *envelope, b"Subject: " + b"x" * 300_000 + b"\r\n.\r\n"]
    )
    assert [answer[:3] for answer in answers[5::4]] == ["250", "250"]
    assert [len(one.raw) for one in world.sink.messages] == [0, 300_011]
    assert world.sink.messages[0].sender.value == "mailer-daemon"
    assert world.sink.messages[0].envelope["mail_from"] == ""


async def test_starttls_encrypts_and_plaintext_before_it_is_dropped(open_door):
    world = await open_door(certificate_file=str(CERTIFICATE))

    def talk():
        sock = socket.create_connection(("127.0.0.1", world.door.port), timeout=10)
        lines = sock.makefile("rb")
        sock.sendall(b"EHLO a\r\n")
        offered = [lines.readline() for _ in range(7)]
        sock.sendall(b"STARTTLS\r\nMAIL FROM:<evil@b.example>\r\nRCPT TO:<support@desk.example>\r\n")
        lines.readline()
        context = ssl.create_default_context(cafile=CERTIFICATE)
        with context.wrap_socket(sock, server_hostname="localhost") as secure:
            lines = secure.makefile("rb")
            secure.sendall(b"EHLO a\r\n")
            again = [lines.readline() for _ in range(5)]
            secure.sendall(b"DATA\r\n")
            return offered, again, lines.readline()

    offered, again, answer = await run(talk)
    assert [offered[-2], again[-1]] == [b"250-STARTTLS\r\n", b"250 PIPELINING\r\n"]
    assert not [line for line in again if b"STARTTLS" in line or b"AUTH" in line]
    assert answer.startswith(b"503")


async def test_a_mail_over_tls_is_marked_so(open_door):
    world = await open_door(certificate_file=str(CERTIFICATE))

    def deliver():
        client = world.client()
        context = ssl.create_default_context(cafile=CERTIFICATE)
        context.check_hostname = False
        client.starttls(context=context)
        send(client)
        client.quit()

    await run(deliver)
    assert world.sink.messages[0].envelope["tls"] is True


async def test_a_broken_handshake_ends_the_connection_and_leaves_the_door_open(open_door):
    world = await open_door(certificate_file=str(CERTIFICATE))
    reader, writer = await asyncio.open_connection("127.0.0.1", world.door.port)
    await reader.readline()
    writer.write(b"STARTTLS\r\n")
    assert (await reader.readline()).startswith(b"220")
    writer.write(b"this is no handshake\r\n" * 10)
    assert b"250" not in await reader.read()
    writer.close()
    await run(send, await run(world.client))


async def test_an_international_address_needs_the_extension(open_door):
    world = await open_door()
    client = await run(world.client)
    await run(send, client, ["支持@desk.example"], sender="张@例子.example", options=["smtputf8"])
    assert world.sink.messages[0].envelope["mail_from"] == "张@例子.example"
    client = await run(world.client)
    client.command_encoding = "utf-8"
    assert (await run(client.docmd, "MAIL FROM:<张@例子.example>"))[0] == 553


@pytest.mark.parametrize(
    "line",
    [
        b"MAIL FROM:<a@b@c.example>",
        b"MAIL FROM:<a b@c.example>",
        b"MAIL FROM:<a@b.example",
        b"MAIL FROM:<\xff\xfe@b.example>",
        b"MAIL FROM:<a\x00@b.example>",
        b"MAIL FROM:" + b"(" * 400,
        b"MAIL FROM:<a@b.example> SIZE=x",
        b"MAIL",
        b"RCPT TO:<support@desk.example>",
        b"DATA",
        b"AUTH PLAIN AGEAYg==",
        b"EXPN staff",
        b"X" * 100_000,
        b"\xff\xfe",
        b"",
    ],
)
async def test_a_bad_command_is_answered_and_the_next_one_works(open_door, line):
    world = await open_door()
    answers = await world.talk([b"HELO a\r\n", line + b"\r\n", b"NOOP\r\n"])
    assert answers[2][0] == "5"
    assert answers[3].startswith("250")


async def test_too_many_connections_of_one_peer_are_turned_away(open_door):
    world = await open_door(max_per_peer=2)
    clients = [await run(world.client) for _ in range(2)]
    [banner] = await world.talk([])
    assert banner.startswith("421 4.7.0")
    await run(clients[0].quit)
    assert (await world.talk([]))[0].startswith("220")


async def test_a_trusted_relay_may_open_as_many_as_there_are_in_all(open_door):
    world = await open_door(max_per_peer=1, max_connections=3, trusted=("127.0.0.1/32",))
    clients = [await run(world.client) for _ in range(3)]
    assert (await world.talk([]))[0].startswith("421 4.3.2")
    for client in clients:
        await run(client.quit)


async def test_a_peer_that_tries_many_names_is_hung_up_on(open_door):
    world = await open_door()
    guesses = [b"RCPT TO:<user%d@desk.example>\r\n" % number for number in range(51)]
    answers = await world.talk([b"HELO a\r\n", b"MAIL FROM:<a@b.example>\r\n", *guesses])
    assert answers[-1].startswith("421")


async def test_stopping_finishes_what_is_being_accepted(open_door):
    world = await open_door()
    entered, go_on = asyncio.Event(), asyncio.Event()
    accept = world.sink.accept

    async def slow(message):
        entered.set()
        await go_on.wait()
        return await accept(message)

    world.sink.accept = slow
    client = await run(world.client)
    sending = asyncio.create_task(run(send, client))
    await entered.wait()
    stopping = asyncio.create_task(world.door.stop())
    await asyncio.sleep(0)
    go_on.set()
    await stopping
    assert await sending == {}
    assert len(world.sink.messages) == 1


async def test_a_missing_certificate_is_said_at_the_start(tmp_path):
    with pytest.raises(SettingsError, match="certificate_file"):
        await World(tmp_path, certificate_file="none.pem").door.start()


async def test_lmtp_answers_for_each_recipient_after_the_data(open_lmtp):
    world = await open_lmtp()
    reader, writer = await asyncio.open_connection("127.0.0.1", world.door.port)
    writer.write(b"LHLO mta.example\r\nMAIL FROM:<>\r\n" + b"".join(b"RCPT TO:<%b>\r\n" % who for who in LOCAL))
    writer.write(b"DATA\r\n" + MAIL + b".\r\nQUIT\r\n")
    said = (await reader.read()).decode().splitlines()
    assert said[0] == "220 mx.desk.example LMTP"
    codes = " ".join(line[:3] for line in said[1:] if line[:4] != "250-")
    assert codes == "250 250 250 550 250 354 250 250 221"
    [message] = world.sink.messages
    assert (message.recipients, message.envelope["door"]) == ((OURS, "sales@desk.example"), "lmtp")
    assert message.envelope["trusted"] is True


@pytest.mark.parametrize("greeting", [b"EHLO x\r\n", b"HELO x\r\n"])
async def test_lmtp_refuses_the_greetings_of_smtp(open_lmtp, greeting):
    world = await open_lmtp()
    answers = await world.talk([greeting, b"MAIL FROM:<a@b.example>\r\n"])
    assert [answer[:3] for answer in answers] == ["220", "500", "503"]


async def test_lmtp_puts_a_mail_off_for_every_recipient_while_the_sink_is_away(open_lmtp):
    world = await open_lmtp()
    world.sink.error = Unavailable("no database")
    reader, writer = await asyncio.open_connection("127.0.0.1", world.door.port)
    writer.write(b"LHLO mta.example\r\nMAIL FROM:<>\r\n" + b"RCPT TO:<support@desk.example>\r\n" * 2)
    writer.write(b"DATA\r\n" + MAIL + b".\r\nQUIT\r\n")
    assert [line[:3] for line in (await reader.read()).decode().splitlines()][-3:] == ["451", "451", "221"]
