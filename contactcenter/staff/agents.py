"""Agents: the people who work here, their roles, queues, presence and preferences."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ARRAY, ScalarSelect, Uuid, case, column, delete, func, insert, select, table, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.i18n import LOCALES
from contactcenter.staff import passwords
from contactcenter.staff.access import Actor, Role, Via, require
from contactcenter.staff.records import Agent, AgentSession, OneTimeLink
from contactcenter.store.unit_of_work import UnitOfWork

# The tickets' room lies above this one and owns the table; its name is all that is known here.
_member = table("queue_member", column("queue_id", Uuid(as_uuid=False)), column("agent_id", Uuid(as_uuid=False)))

THEMES = ("auto", "light", "dark")


class Availability(StrEnum):
    """Whether an agent takes work now."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


PRESENT_FOR = timedelta(minutes=2)
"""Without a sign of life for this long an agent counts as offline, whatever he last said of himself."""


async def create_agent(
    uow: UnitOfWork,
    *,
    email: str,
    name: str,
    role: Role = Role.AGENT,
    password: str | None = None,
    language: str = "en",
) -> Agent:
    """Take on an agent; without a password he sets it by a one-time link.

    Raises :class:`InvalidInput` (address, role, language, password) and :class:`Conflict` when the address is taken.
    """
    address = clean_email(email)
    agent = Agent(
        email=address,
        name=name.strip() or address.partition("@")[0],
        role=_role(role).value,
        language=_language(language),
        password_hash=await passwords.hash_password(password) if password is not None else "",
    )
    values = agent.model_dump()
    added = await uow.session.scalar(
        pg_insert(Agent).values(**values).on_conflict_do_nothing(index_elements=["email"]).returning(col(Agent.id))
    )
    if added is None:
        raise Conflict("there is an agent with this address already")
    uow.publish(Event(EventKind.STAFF_CHANGED, id=agent.id))
    return await get_agent(uow, agent.id)


async def list_agents(uow: UnitOfWork, *, include_inactive: bool = True) -> list[Agent]:
    """All agents by name. For their queues see :func:`queues_by_agent`."""
    query = select(Agent).order_by(col(Agent.name), col(Agent.id))
    if not include_inactive:
        query = query.where(col(Agent.active))
    return list(await uow.session.scalars(query))


async def queues_by_agent(uow: UnitOfWork) -> dict[str, frozenset[str]]:
    """Agent id → ids of the queues he works, for those who work any."""
    rows = await uow.session.execute(
        select(_member.c.agent_id, func.array_agg(_member.c.queue_id)).group_by(_member.c.agent_id)
    )
    return {agent_id: frozenset(queue_ids) for agent_id, queue_ids in rows}


async def get_agent(uow: UnitOfWork, agent_id: str) -> Agent:
    """The agent of this id. Raises :class:`NotFound`."""
    agent = await uow.session.get(Agent, agent_id) if clock.is_id(agent_id) else None
    if agent is None:
        raise NotFound("there is no such agent")
    return agent


async def find_agent(uow: UnitOfWork, email: str) -> Agent | None:
    """The agent of this address, if any."""
    return await uow.session.scalar(select(Agent).where(col(Agent.email) == email.strip().lower()))


async def agents_by_address(uow: UnitOfWork, addresses: Collection[str]) -> dict[str, Agent]:
    """Those of the addresses (lower case) that are agents', disabled ones included."""
    found = await uow.session.scalars(select(Agent).where(col(Agent.email).in_(list(addresses))))
    return {agent.email: agent for agent in found}


async def update_agent(
    uow: UnitOfWork,
    actor: Actor,
    agent_id: str,
    *,
    name: str | None = None,
    email: str | None = None,
    role: Role | None = None,
    language: str | None = None,
) -> Agent:
    """Change what is not None. For administrators.

    Raises :class:`Forbidden`, :class:`NotFound`, :class:`InvalidInput`, and :class:`Conflict` when the address is
    taken or the last administrator would lose his role.
    """
    require(actor, Role.ADMIN)
    agent = await get_agent(uow, agent_id)
    if email is not None and (address := clean_email(email)) != agent.email:
        if await find_agent(uow, address) is not None:
            raise Conflict("there is an agent with this address already")
        agent.email = address
        await _end_links(uow, agent.id)  # they went to the old address
    if role is not None and _role(role) != agent.role:
        if agent.role == Role.ADMIN:
            await _keep_one_admin(uow, agent)
        agent.role = _role(role).value
    if name is not None and name.strip():
        agent.name = name.strip()
    if language is not None:
        agent.language = _language(language)
    await uow.session.flush()
    uow.publish(Event(EventKind.STAFF_CHANGED, id=agent.id))
    return agent


async def disable(uow: UnitOfWork, actor: Actor, agent_id: str) -> Agent:
    """Let an agent in no more: his sessions and links end now, his tokens no longer work. For administrators.

    Raises :class:`Forbidden`, :class:`NotFound`, and :class:`Conflict` for the last administrator.
    """
    require(actor, Role.ADMIN)
    agent = await get_agent(uow, agent_id)
    if agent.role == Role.ADMIN and agent.active:
        await _keep_one_admin(uow, agent)
    agent.active = False
    agent.availability = Availability.OFFLINE.value
    await end_sessions(uow, agent.id)
    await _end_links(uow, agent.id)
    uow.publish(Event(EventKind.STAFF_CHANGED, id=agent.id))
    return agent


async def enable(uow: UnitOfWork, actor: Actor, agent_id: str) -> Agent:
    """Let a disabled agent in again. For administrators."""
    require(actor, Role.ADMIN)
    agent = await get_agent(uow, agent_id)
    agent.active = True
    uow.publish(Event(EventKind.STAFF_CHANGED, id=agent.id))
    return agent


async def set_password(uow: UnitOfWork, agent_id: str, password: str) -> None:
    """Set a password and end every session. Raises :class:`InvalidInput` when it is too short."""
    agent = await get_agent(uow, agent_id)
    agent.password_hash = await passwords.hash_password(password)
    await end_sessions(uow, agent.id)


async def change_password(uow: UnitOfWork, actor: Actor, current: str, password: str) -> None:
    """An agent changes his own; every session ends. Raises :class:`InvalidInput` when ``current`` is wrong."""
    agent = await get_agent(uow, actor.agent_id)
    if not await passwords.verify(agent.password_hash, current):
        raise InvalidInput("the present password is not right", field="current")
    await set_password(uow, agent.id, password)


async def end_sessions(uow: UnitOfWork, agent_id: str) -> int:
    """Sign the agent out everywhere; open sockets hear it by the event. Returns how many sessions ended."""
    ended = await uow.session.scalars(
        delete(AgentSession).where(col(AgentSession.agent_id) == agent_id).returning(col(AgentSession.token_hash))
    )
    uow.publish(Event(EventKind.STAFF_CHANGED, id=agent_id))
    return len(list(ended))


async def _end_links(uow: UnitOfWork, agent_id: str) -> None:
    """The agent's unused invitations and resets no longer open anything."""
    unused = (col(OneTimeLink.agent_id) == agent_id, col(OneTimeLink.used_at).is_(None))
    await uow.session.execute(update(OneTimeLink).where(*unused).values(used_at=clock.now()))


async def set_queues(uow: UnitOfWork, actor: Actor, agent_id: str, queue_ids: Collection[str]) -> None:
    """The agent works exactly these queues from now on. For administrators.

    Raises :class:`Forbidden`, :class:`NotFound` for an unknown agent, :class:`InvalidInput` for an unknown queue.
    """
    require(actor, Role.ADMIN)
    agent = await get_agent(uow, agent_id)
    queue = table("queue", column("id", Uuid(as_uuid=False)))
    wanted = sorted(set(queue_ids))
    if not all(map(clock.is_id, wanted)):
        raise InvalidInput("there is no such queue", field="queues")
    known = list(await uow.session.scalars(select(queue.c.id).where(queue.c.id.in_(wanted)))) if wanted else []
    if len(known) != len(wanted):
        raise InvalidInput("there is no such queue", field="queues")
    await uow.session.execute(delete(_member).where(_member.c.agent_id == agent.id))
    if wanted:
        await uow.session.execute(
            insert(_member), [{"queue_id": queue_id, "agent_id": agent.id} for queue_id in wanted]
        )
    uow.publish(Event(EventKind.STAFF_CHANGED, id=agent.id))


def queues_of_agent() -> ScalarSelect[Sequence[str]]:
    """For a query on :class:`Agent`: a column with the ids of the queues he works."""
    # Correlated by name: two selects deep it would otherwise bring an `agent` of its own, and everybody's queues.
    ids = select(_member.c.queue_id).where(_member.c.agent_id == col(Agent.id)).correlate(Agent).scalar_subquery()
    return select(func.array(ids, type_=ARRAY(Uuid(as_uuid=False)))).correlate(Agent).scalar_subquery()


async def actor_of(uow: UnitOfWork, agent_id: str, via: Via = "console") -> Actor:
    """The agent as an actor. Raises :class:`NotFound` when there is none, or he is disabled."""
    agent = await get_agent(uow, agent_id)
    if not agent.active:
        raise NotFound("there is no such agent")
    queue_ids = await uow.session.scalars(select(_member.c.queue_id).where(_member.c.agent_id == agent.id))
    return as_actor(agent, queue_ids.all(), via)


def as_actor(agent: Agent, queue_ids: Collection[str], via: Via) -> Actor:
    """The actor made of an agent's row and his queues."""
    return Actor(
        agent_id=agent.id,
        name=agent.name,
        email=agent.email,
        role=Role(agent.role),
        language=agent.language,
        theme=agent.theme,
        queue_ids=frozenset(queue_ids),
        via=via,
    )


def presence(agent: Agent) -> Availability:
    """Whether the agent is there: what he last said of himself, while there are signs of life."""
    seen = agent.last_seen_at
    if not agent.active or seen is None or clock.now() - seen > PRESENT_FOR:
        return Availability.OFFLINE
    return Availability(agent.availability)


async def come_in(uow: UnitOfWork, agent_id: str) -> None:
    """The agent signs in: he takes work from now on."""
    await _be(uow, agent_id, Availability.ONLINE)


async def go_out(uow: UnitOfWork, agent_id: str) -> None:
    """The agent signs out."""
    await _be(uow, agent_id, Availability.OFFLINE)


async def give_sign_of_life(uow: UnitOfWork, agent_id: str) -> None:
    """The agent has the console open. Who is away stays away; who signed out in another browser is there again."""
    there = case(
        (col(Agent.availability) == Availability.AWAY.value, Availability.AWAY.value), else_=Availability.ONLINE.value
    )
    await uow.session.execute(
        update(Agent).where(col(Agent.id) == agent_id).values(availability=there, last_seen_at=clock.now()),
        execution_options={"synchronize_session": False},  # the caller goes on with the row as he read it
    )


async def set_availability(uow: UnitOfWork, actor: Actor, availability: Availability) -> None:
    """Say whether the actor takes work now."""
    try:
        value = Availability(availability)
    except ValueError as error:
        raise InvalidInput("availability is online, away or offline", field="availability") from error
    await _be(uow, actor.agent_id, value)


async def _be(uow: UnitOfWork, agent_id: str, availability: Availability) -> None:
    await uow.session.execute(
        update(Agent).where(col(Agent.id) == agent_id).values(availability=availability.value, last_seen_at=clock.now())
    )
    uow.publish(Event(EventKind.PRESENCE_CHANGED, id=agent_id, agent=agent_id))


async def set_preferences(
    uow: UnitOfWork,
    actor: Actor,
    *,
    language: str | None = None,
    theme: str | None = None,
    signature: str | None = None,
    name: str | None = None,
) -> Agent:
    """An agent changes his own language, theme, signature or name; None leaves a thing as it is."""
    agent = await get_agent(uow, actor.agent_id)
    if language is not None:
        agent.language = _language(language)
    if theme is not None:
        if theme not in THEMES:
            raise InvalidInput("the theme is auto, light or dark", field="theme")
        agent.theme = theme
    if signature is not None:
        agent.signature = signature[:4000]
    if name is not None and name.strip():
        agent.name = name.strip()[:200]
    await uow.session.flush()
    return agent


_EMAIL = re.compile(r"[^\s@<>,;:\"\x00-\x1f]+@[^\s@<>,;:\"\x00-\x1f]+")


def clean_email(email: str) -> str:
    """An agent's address, lower-case. Raises :class:`InvalidInput` when it is none."""
    address = email.strip().lower()
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise InvalidInput("that is not an e-mail address", field="email")
    return address


def _role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError as error:
        raise InvalidInput("the role is agent, supervisor or admin", field="role") from error


def _language(language: str) -> str:
    if language not in LOCALES:
        raise InvalidInput(f"the language is one of {', '.join(LOCALES)}", field="language")
    return language


async def _keep_one_admin(uow: UnitOfWork, agent: Agent) -> None:
    """Lock the administrators and raise :class:`Conflict` when ``agent`` is the last who can sign in."""
    admins = await uow.session.scalars(
        select(col(Agent.id)).where(col(Agent.role) == Role.ADMIN.value, col(Agent.active)).with_for_update()
    )
    if set(admins) <= {agent.id}:
        raise Conflict("this is the last administrator")
