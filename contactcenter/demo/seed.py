"""Fills a fresh demo: agents, customers with policies and orders, published articles."""

from __future__ import annotations

from sqlalchemy import select

from contactcenter.customers.identity import add_identity, resolve
from contactcenter.customers.records import BusinessRecord
from contactcenter.demo.people import AGENTS, PASSWORD, PEOPLE
from contactcenter.envelope import Identity, IdentityKind
from contactcenter.knowledge.articles import import_starter
from contactcenter.staff import agents
from contactcenter.staff.access import Role
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Queue, QueueMember


async def seed(store: Store) -> None:
    """Seed once; a demo whose agents are there is left as it is."""
    async with store.transaction() as uow:
        if await agents.find_agent(uow, AGENTS[0].email) is not None:
            return
        await _agents(uow)
        await _customers(uow)
        await import_starter(uow, status="published")


async def _agents(uow: UnitOfWork) -> None:
    queues = {queue.key: queue.id for queue in await uow.session.scalars(select(Queue))}
    for person in AGENTS:
        agent = await agents.create_agent(
            uow,
            email=person.email,
            name=person.name,
            role=Role(person.role),
            password=PASSWORD,
            language=person.language,
        )
        await uow.session.flush()
        uow.session.add_all(
            QueueMember(queue_id=queues[key], agent_id=agent.id) for key in person.queues if key in queues
        )


async def _customers(uow: UnitOfWork) -> None:
    for person in PEOPLE:
        identity = Identity(IdentityKind.EMAIL, person.email, person.name)
        customer = await resolve(uow, identity, language=person.language, verified=True)
        if person.records:  # the company knows the numbers of those who have a contract
            await add_identity(uow, customer.id, Identity(IdentityKind.PHONE, person.phone), verified=True)
        for kind, number, title, status in person.records:
            uow.session.add(
                BusinessRecord(customer_id=customer.id, kind=kind, number=number, title=title, status=status)
            )
