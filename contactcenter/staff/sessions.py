"""Signed-in browsers: server-side sessions behind a random cookie of which only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Unauthenticated
from contactcenter.events import Event, EventKind
from contactcenter.staff import agents, attempts, passwords
from contactcenter.staff.access import Actor
from contactcenter.staff.records import Agent, AgentSession
from contactcenter.store.unit_of_work import UnitOfWork

LIFETIME = timedelta(hours=12)
"""A session ends after this long without a request."""
TOUCH = timedelta(minutes=1)
WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 5
TRIES_PER_PEER = 20


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session: ``token`` goes into the cookie, ``csrf`` into the pages."""

    token: str
    csrf: str
    agent: Agent


@dataclass(frozen=True, slots=True)
class Session:
    """A session that a cookie named. ``availability`` is what its agent last said of himself."""

    actor: Actor
    csrf: str
    availability: agents.Availability = agents.Availability.ONLINE


async def sign_in(uow: UnitOfWork, email: str, password: str, *, peer: str, user_agent: str = "") -> SignedIn:
    """Prove who one is by address and password; always a new session, whatever cookie came along.

    Raises :class:`Unauthenticated` (the same, after the same work, for an unknown address, a wrong password and a
    disabled agent) and :class:`RateLimited`: 5 failed tries an account, 20 a ``peer`` address, in 15 minutes.

    The one service that commits by itself: a failed try must count although the caller rolls back, and no connection
    is held while the password is hashed.
    """
    address = email.strip().lower()[:320]
    account = f"sign-in:{address}"
    tries = await attempts.admit(uow, {account: TRIES_PER_ACCOUNT, f"sign-in-from:{peer}": TRIES_PER_PEER}, WINDOW)
    agent = await agents.find_agent(uow, address)
    await uow.session.commit()
    usable = agent is not None and agent.active
    matches = await passwords.verify(agent.password_hash if agent is not None and usable else "", password)
    if agent is None or not matches:
        raise Unauthenticated("the address or the password is not right")
    await attempts.forgive(uow, tries, account)
    if passwords.needs_rehash(agent.password_hash):
        agent.password_hash = await passwords.hash_password(password)
    return await open_session(uow, agent, user_agent=user_agent)


async def open_session(uow: UnitOfWork, agent: Agent, *, user_agent: str = "") -> SignedIn:
    """A new session for an agent whose identity is proven."""
    now = clock.now()
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    await uow.session.execute(
        insert(AgentSession).values(
            token_hash=_hash(token),
            agent_id=agent.id,
            csrf=csrf,
            user_agent=user_agent[:300],
            created_at=now,
            seen_at=now,
            expires_at=now + LIFETIME,
        )
    )
    await agents.come_in(uow, agent.id)
    return SignedIn(token, csrf, agent)


async def resolve(uow: UnitOfWork, token: str) -> Session | None:
    """The session of a cookie, or None when it is unknown, expired, or its agent disabled. One statement.

    At most once a minute it also moves the expiry on; call it in a transaction that commits.
    """
    if not 20 <= len(token) <= 100:
        return None
    now = clock.now()
    found = await uow.session.execute(
        select(Agent, AgentSession, agents.queues_of_agent())
        .join(AgentSession, col(AgentSession.agent_id) == col(Agent.id))
        .where(col(AgentSession.token_hash) == _hash(token), col(AgentSession.expires_at) > now, col(Agent.active))
    )
    row = found.first()
    if row is None:
        return None
    agent, session, queue_ids = row
    if now - session.seen_at > TOUCH:
        await uow.session.execute(
            update(AgentSession)
            .where(col(AgentSession.token_hash) == session.token_hash)
            .values(seen_at=now, expires_at=now + LIFETIME)
        )
        await agents.give_sign_of_life(uow, agent.id)
    return Session(agents.as_actor(agent, queue_ids, "console"), session.csrf, agents.Availability(agent.availability))


async def sign_out(uow: UnitOfWork, token: str) -> None:
    """End the session of a cookie; no error when there is none. The agent's open sockets hear it by the event."""
    agent_id = await uow.session.scalar(
        delete(AgentSession).where(col(AgentSession.token_hash) == _hash(token)).returning(col(AgentSession.agent_id))
    )
    if agent_id is not None:
        await agents.go_out(uow, agent_id)
        uow.publish(Event(EventKind.STAFF_CHANGED, id=agent_id))


async def revoke_all(uow: UnitOfWork, agent_id: str) -> int:
    """End every session of an agent; returns how many there were."""
    return await agents.end_sessions(uow, agent_id)


async def sweep(uow: UnitOfWork) -> None:
    """Remove expired sessions and forgotten tries. For a periodic job."""
    await uow.session.execute(delete(AgentSession).where(col(AgentSession.expires_at) < clock.now()))
    await attempts.sweep(uow)


def same_csrf(expected: str, given: str) -> bool:
    """Compare two CSRF tokens in constant time; an empty one never matches."""
    return bool(expected) and secrets.compare_digest(expected.encode(), given.encode())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
