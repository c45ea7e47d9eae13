"""A small office for the tests of the rooms: agents, queues, customers who wrote, and a counter of statements."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event, insert
from sqlalchemy import text as sql_text
from sqlalchemy.dialects import postgresql

from contactcenter import clock
from contactcenter.conversations.records import Attachment, Conversation, Message
from contactcenter.customers.identity import resolve
from contactcenter.envelope import AuthorType, Channel, Direction, Identity, IdentityKind
from contactcenter.staff import agents
from contactcenter.staff.access import MACHINE, Actor, Role
from contactcenter.store.search import vector_literal
from contactcenter.store.store import Store
from contactcenter.tickets import desk
from contactcenter.tickets.queues import ensure_queue

PASSWORD = "a long enough secret"


def mail(address="carol@example.org", name="") -> Identity:
    return Identity(IdentityKind.EMAIL, address, name)


async def hire(store: Store, name="ann", role=Role.AGENT, queues=(), password=None) -> Actor:
    async with store.transaction() as uow:
        agent = await agents.create_agent(uow, email=f"{name}@desk.example", name=name, role=role, password=password)
        ids = [(await ensure_queue(uow, key)).id for key in queues]
        await agents.set_queues(uow, MACHINE, agent.id, ids)
        return await agents.actor_of(uow, agent.id)


async def write(uow, identity: Identity, text: str, subject="A question", conversation=None, **fields) -> Message:
    """A message of a customer, as the pipeline leaves it."""
    customer = await resolve(uow, identity)
    if conversation is None:
        conversation = Conversation(customer_id=customer.id, subject=subject)
        uow.session.add(conversation)
        await uow.session.flush()
    values = {
        "channel": Channel.EMAIL,
        "direction": Direction.IN,
        "author_type": AuthorType.CUSTOMER,
        "author_name": identity.name,
        "identity": str(identity),
        "conversation_id": conversation.id,
        "customer_id": customer.id,
        "subject": subject,
        "text": text,
        "visible_text": text,
        "external_id": f"{clock.new_id()}@example.org",
        "ingest_key": clock.new_id(),
        "addresses": {"recipients": ["support+r123@desk.example"]},
        **fields,
    }
    message = Message(**values)
    row = message.model_dump(exclude={"search"}) | {"search": vector_literal(subject, text)}
    await uow.session.execute(insert(Message), [row])
    return message


async def ticket(
    store: Store, text="Where is my order?", *, identity=None, queue="service", subject="A question", files=0, **fields
) -> int:
    """A ticket for a customer's message; returns its number."""
    async with store.transaction() as uow:
        message = await write(uow, identity or mail(), text, subject)
        for position in range(files):
            values = {"id": clock.new_id(), "message_id": message.id, "position": position, "filename": "a.pdf"}
            await uow.session.execute(insert(Attachment), [values])
        conversation = await uow.session.get(Conversation, message.conversation_id)
        opened = await desk.open_ticket(
            uow,
            conversation=conversation,
            customer_id=message.customer_id,
            subject=subject,
            preview=text,
            queue_id=(await ensure_queue(uow, queue)).id,
            **{"channel": Channel.EMAIL, **fields},
        )
        return opened.number


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that go to the database inside the block, in order."""
    statements: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany):
        statements.append(statement)

    event.listen(store.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(store.engine.sync_engine, "before_cursor_execute", note)


async def plan(uow, statement) -> str:
    """The plan PostgreSQL makes for a statement when it may not read a whole table."""
    await uow.session.execute(sql_text("SET LOCAL enable_seqscan = off"))
    sql = str(statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    lines = await uow.session.scalars(sql_text("EXPLAIN " + sql.replace(":", r"\:")))
    return "\n".join(lines)
