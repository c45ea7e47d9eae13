"""API tokens: a program acts as the agent its token belongs to."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.staff import agents
from contactcenter.staff.access import Actor, Role
from contactcenter.staff.records import Agent, ApiToken
from contactcenter.store.unit_of_work import UnitOfWork

PREFIX = "cc_"
PROGRAM_DOMAIN = "@program.invalid"
"""End of the address of an agent who is a program."""
_TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token for a list: everything but its secret."""

    token: ApiToken
    agent: Agent


async def create_token(uow: UnitOfWork, agent_id: str, name: str) -> str:
    """A new token of an agent; its secret is returned this once and kept as a hash only.

    Raises :class:`NotFound` and :class:`InvalidInput` (no name).
    """
    if not name.strip():
        raise InvalidInput("a token has a name", field="name")
    agent = await agents.get_agent(uow, agent_id)
    secret = PREFIX + secrets.token_urlsafe(32)
    uow.session.add(ApiToken(name=name.strip()[:200], token_hash=_hash(secret), agent_id=agent.id))
    await uow.session.flush()
    return secret


async def create_program_token(uow: UnitOfWork, name: str, role: Role) -> str:
    """A token for a program that is nobody's: an agent of that name and role, who cannot sign in, is made for it."""
    agent = await agents.create_agent(uow, email=f"{clock.new_id()}{PROGRAM_DOMAIN}", name=name, role=role)
    return await create_token(uow, agent.id, name)


def is_program(agent: Agent) -> bool:
    """Whether the agent is a program that acts by its tokens and never signs in."""
    return agent.email.endswith(PROGRAM_DOMAIN)


async def resolve_token(uow: UnitOfWork, secret: str) -> Actor | None:
    """Who acts by this token; None when it is unknown or revoked, or its agent disabled. One statement.

    At most once a minute it also notes the use; call it in a transaction that commits.
    """
    if not secret.startswith(PREFIX) or len(secret) > 100:
        return None
    found = await uow.session.execute(
        select(Agent, ApiToken, agents.queues_of_agent())
        .join(ApiToken, col(ApiToken.agent_id) == col(Agent.id))
        .where(col(ApiToken.token_hash) == _hash(secret), col(ApiToken.revoked_at).is_(None), col(Agent.active))
    )
    row = found.first()
    if row is None:
        return None
    agent, token, queue_ids = row
    now = clock.now()
    if token.used_at is None or now - token.used_at > _TOUCH:
        await uow.session.execute(update(ApiToken).where(col(ApiToken.id) == token.id).values(used_at=now))
    return agents.as_actor(agent, queue_ids, "api")


async def list_tokens(uow: UnitOfWork, agent_id: str | None = None) -> list[TokenRow]:
    """Tokens that still work, newest first; of one agent, or of all."""
    query = (
        select(ApiToken, Agent)
        .join(Agent, col(ApiToken.agent_id) == col(Agent.id))
        .where(col(ApiToken.revoked_at).is_(None))
        .order_by(col(ApiToken.id).desc())
    )
    if agent_id is not None:
        query = query.where(col(ApiToken.agent_id) == agent_id)
    return [TokenRow(token, agent) for token, agent in await uow.session.execute(query)]


async def revoke(uow: UnitOfWork, token_id: str) -> None:
    """End a token. Raises :class:`NotFound` when there is none, or it has ended already."""
    revoked = None
    if clock.is_id(token_id):
        revoked = await uow.session.scalar(
            update(ApiToken)
            .where(col(ApiToken.id) == token_id, col(ApiToken.revoked_at).is_(None))
            .values(revoked_at=clock.now())
            .returning(col(ApiToken.id))
        )
    if revoked is None:
        raise NotFound("there is no such token")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
