"""Fetching from a real Dovecot."""

import asyncio
import itertools

import pytest
from imapclient import SEEN, IMAPClient

from contactcenter.channels.email import fetching
from contactcenter.channels.email.fetch_state import Watched
from contactcenter.channels.email.fetching import MailboxFetcher
from contactcenter.errors import Unavailable
from contactcenter.settings import Imap, Mailbox
from tests.integration.channels import dovecot
from tests.integration.channels.doubles import RecordingSink
from tests.integration.channels.fetching_world import Cursors, mail

_users = itertools.count()


@pytest.fixture(scope="module")
def server():
    made = dovecot.Dovecot(dovecot.require())
    made.start()
    yield made
    made.stop()


class World:
    """A mailbox of its own on the server, with a client that plays the outside."""

    def __init__(self, server):
        self.server, self.user = server, f"user{next(_users)}"
        self.sink, self.cursors = RecordingSink(), Cursors()
        self.fetcher = None
        self.outside = IMAPClient("127.0.0.1", server.plain, ssl=False)
        self.outside.login(self.user, dovecot.PASSWORD)
        self.outside.create_folder("Desk")
        self.outside.select_folder("Desk")

    def put(self, *numbers):
        for number in numbers:
            self.outside.append("Desk", mail(number))

    async def start(self, **more):
        values = {"host": "127.0.0.1", "port": self.server.plain, "tls": False, "user": self.user, "folder": "Desk"}
        imap = Imap(**{**values, "password": dovecot.PASSWORD, "poll": 0.02, "authserv_id": "imap.example", **more})
        mailbox = Mailbox(address="sales@desk.example", queue="sales", imap=imap)
        loop = asyncio.get_running_loop()
        self.fetcher = MailboxFetcher(Watched(mailbox), self.sink, self.cursors, loop, max_size=10_000)
        await self.fetcher.start()

    async def stop(self):
        if self.fetcher is not None:
            await self.fetcher.stop()

    def seen(self):
        self.outside.noop()
        return [SEEN in flags for _, flags in sorted(self.outside.get_flags(self.outside.search()).items())]

    def subjects(self):
        return [one.raw.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for one in self.sink.messages]


@pytest.fixture
async def world(server, monkeypatch):
    monkeypatch.setattr(fetching, "BACK_OFF", (0.05,))
    made = World(server)
    yield made
    await made.stop()
    made.outside.shutdown()


async def test_what_was_there_is_taken_quietly_and_what_comes_later_is_not(world):
    world.put(1, 2)
    await world.start()
    await world.cursors.reach(2)
    world.put(3)
    await world.cursors.reach(3)
    assert world.subjects() == ["1", "2", "3"]
    assert [one.may_answer for one in world.sink.messages] == [False, False, True]
    assert world.seen() == [True, True, True]


async def test_a_mail_is_accepted_with_what_the_server_says(world):
    world.put(1)
    await world.start()
    await world.cursors.reach(1)
    [message] = world.sink.messages
    assert (message.raw, str(message.sender), message.sender.name) == (mail(1), "email:ann@customer.example", "Ann")
    assert (message.queue, message.recipients) == ("sales", ("sales@desk.example",))
    assert message.envelope["trusted"] is True
    assert message.received_at.tzinfo is not None


async def test_an_empty_mailbox_has_nothing_to_be_quiet_about(world):
    await world.start()
    await world.cursors.reach(0)
    world.put(1)
    await world.cursors.reach(1)
    assert world.sink.messages[0].may_answer


async def test_a_restart_goes_on_where_it_was(world):
    world.put(1)
    await world.start()
    await world.cursors.reach(1)
    await world.stop()
    world.put(2)
    world.sink.messages.clear()
    await world.start()
    await world.cursors.reach(2)
    assert world.subjects() == ["2"]


async def test_a_mail_is_seen_only_when_it_is_durable(world, monkeypatch):
    refused = asyncio.Queue()

    async def refuse(message):
        refused.put_nowait(message)
        raise Unavailable("the database is away")

    world.put(1)
    with monkeypatch.context() as away:
        away.setattr(world.sink, "accept", refuse)
        await world.start()
        for _ in range(2):
            await asyncio.wait_for(refused.get(), 20)
        assert world.seen() == [False]
    await world.cursors.reach(1)
    assert (world.subjects(), world.seen()) == (["1"], [True])


async def test_a_folder_numbered_anew_is_offered_again_quietly(world):
    world.put(1)
    await world.start()
    await world.cursors.reach(1)
    await world.stop()
    world.outside.close_folder()
    world.outside.delete_folder("Desk")
    world.outside.create_folder("Desk")
    world.outside.select_folder("Desk")
    world.put(7, 1, 2)
    await world.start()
    await world.cursors.reach(3)
    assert world.subjects() == ["1", "7", "2"]
    assert not any(one.may_answer for one in world.sink.messages)


async def test_a_mail_that_is_too_large_stays_unseen_and_holds_nothing_up(world):
    world.put(1)
    world.outside.append("Desk", mail(2) + b"x" * 70 * 300)
    world.put(3)
    await world.start()
    await world.cursors.reach(3)
    assert (world.subjects(), world.seen()) == (["1", "3"], [True, False, True])


async def test_a_dropped_connection_is_made_again(world):
    await world.start()
    await world.cursors.reach(0)
    world.fetcher._client.interrupt()
    world.put(1)
    await world.cursors.reach(1)
    assert world.subjects() == ["1"]


async def test_many_mails_come_in_order(world):
    world.put(*range(1, 121))
    await world.start()
    await world.cursors.reach(120)
    assert world.subjects() == [str(number) for number in range(1, 121)]


async def test_a_server_that_cannot_prove_its_name_gets_no_password(world, monkeypatch):
    attempts, warnings, failed = [], [], asyncio.Event()
    loop = asyncio.get_running_loop()

    class Log:
        def warning(self, _event, **facts):
            warnings.append(facts["error"])
            loop.call_soon_threadsafe(failed.set)

    monkeypatch.setattr(IMAPClient, "login", lambda *args: attempts.append(args))
    monkeypatch.setattr(fetching, "log", Log())
    await world.start(port=world.server.tls, tls=True)
    await asyncio.wait_for(failed.wait(), 20)
    await world.stop()
    assert attempts == []
    assert "certificate verify failed" in warnings[0]


@pytest.mark.parametrize("tls", [True, "starttls"])
async def test_mail_is_pushed_over_an_encrypted_line(world, monkeypatch, tls):
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.CERTIFICATE))
    port = world.server.tls if tls is True else world.server.plain
    await world.start(host="localhost", port=port, tls=tls, poll=3600)
    await world.cursors.reach(0)
    for number in (1, 2, 3):
        world.put(number)
        await world.cursors.reach(number)
    assert world.subjects() == ["1", "2", "3"]


async def test_what_was_taken_is_moved_into_a_folder_that_is_made(world):
    world.put(1)
    await world.start(after="move", move_to="Erledigt Büro")
    await world.cursors.reach(1)
    await world.stop()
    assert world.seen() == []
    world.outside.select_folder("Erledigt Büro")
    assert world.seen() == [True]


async def test_stopping_before_anything_happened_is_fine(world):
    await world.start(port=1)
    await world.stop()
    assert not world.fetcher._thread.is_alive()
