"""A31, A38: a mail server that is somebody else's gets bounds: never our memory, our time or a password unproved."""

import asyncio
import resource
import ssl

import pytest

from contactcenter.channels.email import fetching, imap_client, reach
from contactcenter.channels.email.fetch_state import Watched
from contactcenter.channels.email.imap_client import MAX_TEXT, BoundedClient
from contactcenter.channels.email.reach import Reach
from contactcenter.channels.email.sign_in import probe
from contactcenter.errors import InvalidInput
from tests.integration.channels.dovecot import CERTIFICATE
from tests.integration.channels.fetching_world import Desk, mail
from tests.integration.channels.imap_double import ImapDouble, hang_up, once

MIB = 2**20


@pytest.fixture
async def server(monkeypatch):
    monkeypatch.setattr(fetching, "BACK_OFF", (0.05,))
    made = await ImapDouble().start()
    yield made
    await made.stop()


@pytest.fixture
async def desk(server):
    made = Desk(server.port)
    yield made
    await made.stop()


def pouring(piece, first=b""):
    """A misdeed that writes without end; it counts what the other side took."""

    async def pour(double, writer, _tag, _rest):
        writer.write(first)
        while True:
            writer.write(piece)
            await writer.drain()
            double.sent["poured"] += len(piece)

    return pour


def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def recovers(server, desk):
    """The same fetcher takes the mail once the server behaves."""
    server.misdeeds.clear()
    await desk.cursors.reach(2)
    assert desk.subjects() == ["1", "2"]


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"* OK still greeting\r\n" * 3000, b"* OK\r\n* 7 EXISTS\r\n" * 5000])
async def test_a31_an_endless_greeting_is_cut_off(server, desk, piece):
    await server.put(mail(1), mail(2))
    server.misdeeds["GREETING"] = pouring(piece)
    await desk.start()
    assert "too long" in await desk.gives_up()
    assert server.sent["poured"] < 16 * MIB  # what the kernel's buffers hold included
    await recovers(server, desk)


async def test_a31_a_greeting_that_trickles_has_an_end_in_time(server):
    async def trickle(_double, writer, _tag, _rest):
        for _ in range(10_000):
            writer.write(b"*")
            await writer.drain()
            await asyncio.sleep(0.02)

    server.misdeeds["GREETING"] = trickle
    with pytest.raises(TimeoutError, match="too long"):
        await asyncio.to_thread(BoundedClient, "127.0.0.1", server.port, tls=False, patience=0.2)


@pytest.mark.parametrize("size", [10**7, 8 * 10**9, 10**15, 10**40, int("9" * 4000)])
@pytest.mark.parametrize("command", ["SELECT", "SEARCH", "FETCH", "FETCH BODY"])
async def test_a31_the_size_of_a_literal_is_not_believed(server, desk, command, size):
    await server.put(mail(1), mail(2))
    server.misdeeds[command] = pouring(b"x" * 65_536, f"* 1 FETCH (UID 1 BODY[] {{{size}}}\r\n".encode())
    before = memory()
    await desk.start()
    assert "more than were asked for" in await desk.gives_up()
    assert memory() - before < 32
    await recovers(server, desk)


async def test_a31_a_bodystructure_of_a_gigabyte_is_not_read(server, desk):
    await server.put(mail(1), mail(2))
    server.misdeeds["FETCH"] = pouring(b'(("text" "plain" NIL) ' * 3000, b"* 1 FETCH (UID 1 BODYSTRUCTURE ")
    before = memory()
    await desk.start()
    assert "too long" in await desk.gives_up()
    assert server.sent["poured"] < 16 * MIB
    assert memory() - before < 32
    await recovers(server, desk)


async def test_a31_brackets_without_end_do_not_exhaust_the_stack(server, desk):
    await server.put(mail(1), mail(2))

    async def nest(_double, writer, tag, _rest):
        writer.write(b"* 1 FETCH (UID 1 RFC822.SIZE " + b"(" * (MAX_TEXT // 2) + b"\r\n" + tag.encode() + b" OK\r\n")

    server.misdeeds["FETCH"] = nest
    await desk.start()
    assert await desk.gives_up()
    await recovers(server, desk)


@pytest.mark.parametrize("answer", ["* SEARCH 99999999999999999999 -1\r\n", "* SEARCH x y\r\n", "* BYE\r\n", "\0\r\n"])
async def test_a31_nonsense_moves_no_place(server, desk, answer):
    await server.put(mail(1), mail(2))

    async def nonsense(_double, writer, tag, _rest):
        writer.write(answer.encode() + f"{tag} OK\r\n".encode())

    server.misdeeds["SEARCH"] = once(nonsense)
    await desk.start()
    await recovers(server, desk)


async def test_a31_a_server_that_drops_within_a_mail_loses_and_doubles_none(server, desk):
    await server.put(mail(1), mail(2))

    async def half(double, writer, tag, rest):
        writer.write(double.body(1) + double.body(2)[:60])
        await hang_up(double, writer, tag, rest)

    server.misdeeds["FETCH BODY"] = once(half)
    await desk.start()
    await recovers(server, desk)


async def test_a31_half_an_answer_is_asked_again(server, desk):
    await server.put(mail(1), mail(2))

    async def the_first_only(double, writer, tag, _rest):
        writer.write(double.body(1) + f"{tag} OK done\r\n".encode())

    server.misdeeds["FETCH BODY"] = once(the_first_only)
    await desk.start()
    assert "mail 2 is missing" in await desk.gives_up()
    await recovers(server, desk)


async def test_a31_a_mail_the_server_never_gives_holds_nothing_up_and_is_counted(server, desk):
    await server.put(mail(1), mail(2), mail(3))

    async def never_the_second(double, writer, tag, rest):
        if 2 not in double.uids(rest.split()[2]):
            return True
        return await hang_up(double, writer, tag, rest)

    server.misdeeds["FETCH BODY"] = never_the_second
    await desk.start()
    await desk.cursors.reach(3)
    assert desk.subjects() == ["1", "3"]
    assert desk.fetcher.status.left == 1


async def test_a31_what_was_left_is_tried_again(server, desk, monkeypatch):
    monkeypatch.setattr(fetching, "TRIES", 1)
    await server.put(mail(1))
    server.misdeeds["FETCH BODY"] = hang_up
    await desk.start()
    await desk.cursors.reach(1)
    await desk.stop()
    server.misdeeds.clear()
    await server.put(mail(2))
    await desk.start()
    await desk.cursors.reach(2)
    await desk.stop()
    assert sorted(desk.subjects()) == ["1", "2"]


async def test_a31_cve_2023_5422_another_hosts_certificate_gets_no_password(server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    real = await ImapDouble(tls=True).start()
    here = imap_client.connect
    monkeypatch.setattr(imap_client, "connect", lambda _host, *rest: here("127.0.0.1", *rest))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        await asyncio.to_thread(BoundedClient, "imap.bank.example", real.port, tls=True)
    client = await asyncio.to_thread(BoundedClient, "localhost", real.port, tls=True)
    client.shutdown()
    await real.stop()
    assert real.heard == ["CAPABILITY"]


async def test_a31_what_is_said_before_starttls_is_not_believed_after_it(server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    async def slip_in(_double, writer, tag, _rest):
        writer.write(f"{tag} OK go on\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n".encode())

    server.capabilities = "IMAP4rev1 STARTTLS"
    server.misdeeds["STARTTLS"] = slip_in
    client = await asyncio.to_thread(BoundedClient, "localhost", server.port, tls=False)
    with pytest.raises(client.AbortError, match="before TLS"):
        await asyncio.to_thread(client.starttls)


async def test_a31_without_starttls_no_password_is_sent(server):
    desk = Desk(server.port, tls="starttls")
    await desk.start()
    assert "STARTTLS" in await desk.gives_up()
    await desk.stop()
    assert not any(line.startswith("LOGIN") for line in server.heard)


async def test_a31_a_server_that_calls_without_end_is_looked_at_now_and_then(server, desk):
    server.capabilities = "IMAP4rev1 IDLE"

    async def shout(double, writer, _tag, _rest):
        writer.write(b"+ idling\r\n" + b"* 1 EXISTS\r\n" * 100)
        return await double._answer("DONE", writer, _tag, await double.reader.readline())

    server.misdeeds["IDLE"] = shout
    await desk.start()
    for _ in range(3):
        await desk.fetcher.says("idle")
    await server.put(mail(1), mail(2))
    await recovers(server, desk)


INSIDE = [
    *("127.1", "0x7f.1", "2130706433", "localhost", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"),
    *("169.254.169.254", "100.64.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "fd00::1", "fe80::1", "224.0.0.1"),
    *("64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:10.0.0.1", "255.255.255.255"),
]


@pytest.mark.parametrize("host", INSIDE)
def test_a38_a_mailbox_made_in_the_console_is_not_looked_for_inside(host):
    with pytest.raises(OSError, match="not a public server"):
        reach.connect(host, 993, 1.0, Reach())


def test_a38_a_name_is_judged_by_what_it_means_and_connected_to_as_judged(monkeypatch):
    asked, went = [], []

    def resolve(host, port, **_):
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1", port)), (0, 0, 0, "", ("8.8.8.8", port))]

    monkeypatch.setattr(reach.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(reach.socket, "create_connection", lambda where, _timeout: went.append(where))
    reach.connect("rebinding.example", 993, 1.0, Reach())
    assert (asked, went) == (["rebinding.example"], [("8.8.8.8", 993)])


@pytest.mark.parametrize("port", [25, 22, 80, 443, 587, 110, 0])
def test_a38_a_mailbox_made_in_the_console_is_at_no_other_services_port(port):
    with pytest.raises(InvalidInput):
        Reach().check_port(port)


@pytest.mark.parametrize("url", ["http://x.example/", "https://a@x.example/", "file:///etc/passwd", "https://", "//x"])
def test_a38_a_token_address_is_plain_https(url):
    with pytest.raises(InvalidInput):
        Reach().check_url(url)


def test_a38_the_house_may_name_its_own_networks():
    assert Reach(("10.1.0.0/16",)).permits("10.1.2.3")
    assert not Reach(("10.1.0.0/16",)).permits("10.2.2.3")


async def test_a38_a_trial_does_not_knock_inside(server):
    found = await probe(Watched(Desk(server.port).mailbox, Reach()))
    assert "not a public server" in found.trouble
    assert server.sessions == 0
