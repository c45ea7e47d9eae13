"""The mailboxes of the administration: how fetching goes, trying one, and accounts that sign in by token."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from contactcenter import clock
from contactcenter.settings import Imap, Mailbox
from contactcenter.staff.access import Role
from contactcenter.tickets import mailboxes
from contactcenter.tickets.seeds import seed_defaults
from tests.integration.agent_ui.visitor import Building

BOX = Mailbox(address="box@desk.example", imap=Imap(host="imap.example.com", password="s3cret!"))
ACCOUNT = {"fetch": "imap", "host": "imap.example.com", "port": "993", "tls": "starttls", "user": "u", "folder": "In"}
TOKEN = {
    "auth": "xoauth2",
    "token_url": "https://login.example/token",
    "client_id": "c",
    "client_secret": "s3cret!",
    "refresh_token": "r3fresh!",
}


class Trials:
    """Tries nothing; says what it was told to, and remembers what it was given."""

    def __init__(self):
        self.tried, self.found = [], mailboxes.Trial(mails=3, pushes=True)

    async def __call__(self, mailbox, *, made_in_console):
        self.tried.append((mailbox, made_in_console))
        return self.found


@pytest.fixture
async def desk(store):
    trials = Trials()
    made = await Building(store, mailboxes=(BOX,)).start(trials)
    made.trials = trials
    async with store.transaction() as uow:
        await seed_defaults(uow, made.settings)
    yield made
    await made.stop()


async def report(store, *, ago=timedelta(), **status):
    value = json.dumps({BOX.address: {"state": "idle", "taken": 7, "left": 0, **status}})
    statement = text("INSERT INTO channel_cursor VALUES (:key, CAST(:value AS jsonb), :at)")
    async with store.transaction() as uow:
        at = clock.now() - ago
        await uow.session.execute(statement, {"key": mailboxes.FETCH_STATUS, "value": value, "at": at})


async def test_the_list_says_how_fetching_goes(desk):
    await report(desk.store, last_look=clock.now().isoformat(), left=2)
    boss = await desk.person("boss", Role.ADMIN)
    page = (await boss.get("/admin/mailboxes")).page
    assert "Listening for new mail" in page
    assert "7 mails taken" in page
    assert "2 mails left there" in page


async def test_trouble_is_shown_with_its_reason_and_as_text(desk):
    await report(desk.store, state="backing-off", reason="NO <b>wrong password</b>")
    boss = await desk.person("boss", Role.ADMIN)
    page = (await boss.get("/admin/mailboxes")).page
    assert "Cannot be read" in page
    assert "NO &lt;b&gt;wrong password" in page


async def test_a_service_that_is_gone_does_not_look_as_if_it_listened(desk):
    await report(desk.store, ago=timedelta(minutes=10))
    boss = await desk.person("boss", Role.ADMIN)
    page = (await boss.get("/admin/mailboxes")).page
    assert "Nobody is fetching" in page
    assert "Listening" not in page


async def test_an_account_is_tried_as_it_stands_in_the_form(desk):
    boss = await desk.person("boss", Role.ADMIN)
    answer = await boss.post("/admin/mailboxes/new/test", {**ACCOUNT, "password": "s3cret!"})
    ((mailbox, made_in_console),) = desk.trials.tried
    assert (mailbox.imap.host, mailbox.imap.tls, mailbox.imap.folder) == ("imap.example.com", "starttls", "In")
    assert made_in_console
    assert "3 mails lie in the folder" in answer.page
    assert "s3cret!" not in answer.page


async def test_a_trial_that_fails_says_why(desk):
    desk.trials.found = mailboxes.Trial("LoginError: <i>no</i>")
    boss = await desk.person("boss", Role.ADMIN)
    page = (await boss.post("/admin/mailboxes/new/test", {**ACCOUNT, "password": "x"})).page
    assert "The mailbox cannot be read." in page
    assert "LoginError: &lt;i&gt;no" in page


async def test_half_an_account_is_not_tried(desk):
    boss = await desk.person("boss", Role.ADMIN)
    page = (await boss.post("/admin/mailboxes/new/test", {**ACCOUNT, **TOKEN, "token_url": "http://inside/"})).page
    assert "that is not an https address" in page
    assert desk.trials.tried == []


async def test_a_mailbox_of_the_settings_file_is_tried_with_its_own_account(desk):
    boss = await desk.person("boss", Role.ADMIN)
    assert (await boss.post("/admin/mailboxes/test", {"address": BOX.address})).status == 200
    assert desk.trials.tried == [(BOX, False)]
    assert (await boss.post("/admin/mailboxes/test", {"address": "nobody@desk.example"})).status == 404


async def test_an_account_with_tokens_is_kept_sealed_and_tried_later(desk):
    boss = await desk.person("boss", Role.ADMIN)
    form = {"address": "a@desk.example", "queue": "service", **ACCOUNT, **TOKEN, "after": "move", "move_to": "Done"}
    assert (await boss.post("/admin/mailboxes/new", form)).status == 303
    await boss.post("/admin/mailboxes/test", {"address": "a@desk.example"})
    ((mailbox, made_in_console),) = desk.trials.tried
    imap = mailbox.imap
    assert (imap.auth, imap.token_url, imap.after, imap.move_to) == (*list(TOKEN.values())[:2], "move", "Done")
    assert imap.refresh_token.get_secret_value() == "r3fresh!"
    assert made_in_console
    async with desk.store.read() as uow:
        kept = str((await uow.session.execute(text("SELECT imap_sealed FROM mailbox"))).all())
    assert "s3cret!" not in kept
    assert "login.example" not in kept


async def test_only_administrators_try_mailboxes(desk):
    sue = await desk.person("sue", Role.SUPERVISOR)
    assert (await sue.post("/admin/mailboxes/new/test", {**ACCOUNT, "password": "x"})).status == 403
    assert (await sue.post("/admin/mailboxes/test", {"address": BOX.address})).status == 403
    assert desk.trials.tried == []
