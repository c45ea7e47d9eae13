"""What a ticket says of a message that does not get through."""

from sqlalchemy import select
from sqlmodel import col

from contactcenter.agent_ui.timeline import story
from contactcenter.conversations.records import Message
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.delivery_news import TicketNews
from contactcenter.tickets.overview import list_events
from tests.integration.office import hire, ticket


async def sent(store):
    number, ann = await ticket(store), await hire(store, queues=["service"])
    async with store.transaction() as uow:
        await desk.reply(uow, ann, await access_ticket(uow, ann, number), text="Hello")
    return number, ann


async def told(store, number, ann, what):
    async with store.transaction() as uow:
        message = await uow.session.scalar(select(Message).where(col(Message.direction) == "out"))
        await getattr(TicketNews(), what)(uow, message, "450 greylisted")
    async with store.read() as uow:
        found = await access_ticket(uow, ann, number)
        events = await list_events(uow, found)
        return found, [entry.sentence for entry in story([], events, lambda text: text, str)]


async def test_a_late_message_is_a_line_in_the_story_and_the_ticket_is_unread(store):
    found, lines = await told(store, *await sent(store), "delayed")
    assert lines[-1] == "The message to carol@example.org has not got through for hours; it is tried further"
    assert (found.status, found.unread) == ("pending", True)


async def test_a_message_that_failed_makes_its_ticket_work_again(store):
    found, _ = await told(store, *await sent(store), "failed")
    assert (found.status, found.unread) == ("open", True)
