"""Taking old mail in from files."""

import pytest
from sqlalchemy import select
from sqlmodel import col

from contactcenter.app.mail_import import BATCH, MailImport
from contactcenter.channels.email.mail_files import filed_mails, mail_files
from contactcenter.conversations.inbox import LANES
from contactcenter.conversations.records import Delivery, Message
from contactcenter.errors import InvalidInput, Unavailable
from contactcenter.settings import Smtp
from contactcenter.tickets.records import Ticket
from contactcenter.tickets.seeds import seed_defaults
from tests.integration.test_pipeline import SETTINGS, Desk, mail

OURS = "support@desk.example"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "old"
    made.mkdir()
    for number in range(3):
        refs = [f"{number - 1}@shop.example"] if number else []
        message = mail("ann@shop.example", "My order", f"Part {number}", message_id=f"{number}@shop.example", refs=refs)
        (made / f"{2 - number}.eml").write_bytes(message.raw.replace(b"10:00:00", b"10:0%d:00" % number))
    return made


async def take(store, *paths, settings=SETTINGS, **options):
    sizes = []
    importing = MailImport(settings, store, OURS, **options)
    report = await importing.run(filed_mails(mail_files(paths)), sizes.append)
    return report, sizes


async def rows(store, record):
    async with store.read() as uow:
        return list(await uow.session.scalars(select(record).order_by(col(record.created_at))))


async def understood(store):
    desk = Desk(store)
    async with store.transaction() as uow:
        await seed_defaults(uow, SETTINGS)
    for lane in range(LANES, LANES + 2):
        await desk.pipeline.understand(lane)
    return await rows(store, Message), await rows(store, Ticket)


async def test_old_mail_is_understood_in_the_order_it_arrived(store, folder):
    report, sizes = await take(store, folder)
    messages, tickets = await understood(store)
    assert (report.taken, sum(sizes)) == (3, sum(file.stat().st_size for file in folder.iterdir()))
    assert [message.visible_text for message in messages] == ["Part 0", "Part 1", "Part 2"]
    assert sorted(message.id for message in messages) == [message.id for message in messages]
    assert [(t.status, t.messages_count, t.created_at.year) for t in tickets] == [("new", 3, 2026)]
    assert tickets[0].created_at == messages[0].received_at
    assert await rows(store, Delivery) == []


async def test_a_second_run_takes_nothing_twice(store, folder):
    await take(store, folder / "2.eml")
    report, _ = await take(store, folder, folder / "0.eml")
    assert (report.taken, report.known) == (2, 2)
    assert len(await rows(store, Message)) == 3


async def test_history_is_closed_and_wakes_nobody(store, folder):
    await take(store, folder, closed=True)
    _, [ticket] = await understood(store)
    assert (ticket.status, ticket.unread, ticket.waiting_since, ticket.messages_count) == ("closed", False, None, 3)


async def test_what_is_no_mail_too_large_or_our_own_is_left_out(store, folder):
    (folder / "notes.txt").write_text("nothing of a mail")
    (folder / "sent.eml").write_bytes(mail(OURS, "Re", "Hi", message_id="9@desk.example").raw)
    (folder / "large.eml").write_bytes(mail("bob@shop.example", "x", "y" * 5000, message_id="8@shop.example").raw)
    small = SETTINGS.model_copy(update={"smtp": Smtp(max_size=4000)})
    report, _ = await take(store, folder, settings=small)
    assert (report.taken, report.ours) == (3, 1)
    assert sorted(name.rpartition("/")[2] for name in report.left_out) == ["large.eml", "notes.txt"]


async def test_only_a_mailbox_of_ours_takes_mail(store, folder):
    with pytest.raises(InvalidInput, match="none of our mailboxes"):
        await MailImport(SETTINGS, store, "other@desk.example").run(filed_mails(mail_files([folder])), print)


async def test_an_import_that_breaks_off_goes_on_where_it_was(store, tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    for number in range(BATCH + 5):
        raw = mail("ann@shop.example", "Order", f"{number}", message_id=f"{number}@shop.example").raw
        (old / f"{number}.eml").write_bytes(raw)

    def broken(_size):
        raise Unavailable("broken off after the first batch")

    with pytest.raises(Unavailable):
        await MailImport(SETTINGS, store, OURS).run(filed_mails(mail_files([old])), broken)
    report, _ = await take(store, old)
    assert (report.taken, report.known) == (5, BATCH)
