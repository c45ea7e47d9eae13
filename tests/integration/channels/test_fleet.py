"""Many mailboxes side by side: begun, changed and ended while the service runs."""

import asyncio
from dataclasses import replace

import pytest

from contactcenter.channels.email import fetching, fleet
from contactcenter.channels.email.fetch_state import Watched
from contactcenter.channels.email.fleet import Fleet
from contactcenter.errors import Unavailable
from tests.integration.channels.doubles import RecordingSink
from tests.integration.channels.fetching_world import Cursors, Desk, mail
from tests.integration.channels.imap_double import ImapDouble


class World:
    """A fleet whose mailboxes can be changed, over one server; every user sees the same folder."""

    def __init__(self, server):
        self.server, self.sink, self.cursors = server, RecordingSink(), Cursors()
        self.boxes, self.reports, self.trouble = [], asyncio.Queue(), None
        self.fleet = Fleet(self.wanted, self.sink, self.cursors, self.reports.put, at_once=2)

    async def wanted(self):
        if self.trouble:
            raise self.trouble
        return self.boxes

    def box(self, name):
        mailbox = Desk(self.server.port, user=name).mailbox
        return Watched(mailbox.model_copy(update={"address": f"{name}@desk.example"}))

    async def told(self, condition):
        """The next report that fulfils a condition."""
        async with asyncio.timeout(20):
            while not condition(found := await self.reports.get()):
                continue
        return found

    def logins(self, name):
        return sum(line.startswith(f"LOGIN {name} ") for line in self.server.heard)


@pytest.fixture
async def world(monkeypatch):
    monkeypatch.setattr(fleet, "EVERY", 0.02)
    monkeypatch.setattr(fetching, "BACK_OFF", (0.05,))
    server = await ImapDouble().start()
    made = World(server)
    yield made
    await made.fleet.stop()
    await server.stop()


async def test_every_mailbox_is_read_although_few_at_once(world):
    world.boxes = [world.box(f"u{number}") for number in range(12)]
    await world.server.put(mail(1))
    await world.fleet.start()
    await world.told(lambda found: len(found) == 12 and all(one["last_look"] for one in found.values()))
    assert {world.logins(f"u{number}") for number in range(12)} == {1}
    assert len(world.sink.messages) == 1


async def test_a_mailbox_that_is_added_begins_and_one_that_is_removed_ends(world):
    await world.fleet.start()
    world.boxes = [world.box("a")]
    await world.told(lambda found: found.get("a@desk.example", {}).get("last_look"))
    world.boxes = [world.box("b")]
    found = await world.told(lambda found: found.get("b@desk.example", {}).get("last_look"))
    assert list(found) == ["b@desk.example"]


async def test_a_changed_account_is_used_at_once(world):
    one = world.box("a")
    world.boxes = [one]
    await world.fleet.start()
    await world.told(lambda found: found and found["a@desk.example"]["last_look"])
    imap = one.mailbox.imap.model_copy(update={"user": "other"})
    world.boxes = [replace(one, mailbox=one.mailbox.model_copy(update={"imap": imap}))]
    await world.told(lambda _found: world.logins("other") == 1)


async def test_a_database_that_is_away_ends_no_mailbox(world):
    world.boxes = [world.box("a")]
    await world.fleet.start()
    await world.told(lambda found: found["a@desk.example"]["last_look"])
    world.trouble = Unavailable("the database is away")
    await world.server.put(mail(1))
    await world.cursors.reach(1)
    assert len(world.sink.messages) == 1


async def test_a_mailbox_that_cannot_be_read_says_why_and_the_others_go_on(world):
    async def refuse(_double, writer, tag, rest):
        if "LOGIN bad " not in rest:
            return True
        writer.write(f"{tag} NO wrong password\r\n".encode())
        return False

    world.server.misdeeds["LOGIN"] = refuse
    world.boxes = [world.box("bad"), world.box("good")]
    await world.fleet.start()
    found = await world.told(
        lambda found: found["bad@desk.example"]["reason"] and found["good@desk.example"]["last_look"]
    )
    assert "wrong password" in found["bad@desk.example"]["reason"]
