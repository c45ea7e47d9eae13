"""One-time links that let their holder set a password: invitations and resets."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import InvalidInput
from contactcenter.staff import agents, attempts, passwords
from contactcenter.staff.records import Agent, OneTimeLink
from contactcenter.store.unit_of_work import UnitOfWork

Purpose = Literal["invite", "reset"]

RESET_HOURS = 1
INVITE_HOURS = 72
WINDOW = timedelta(hours=1)
RESETS_PER_ACCOUNT = 5
RESETS_PER_PEER = 20


async def create_link(uow: UnitOfWork, agent_id: str, purpose: Purpose, hours: float) -> str:
    """A token for ``/password/<token>``, valid once and for ``hours``; an older unused one of the same purpose dies."""
    now = clock.now()
    await uow.session.execute(
        update(OneTimeLink)
        .where(
            col(OneTimeLink.agent_id) == agent_id,
            col(OneTimeLink.purpose) == purpose,
            col(OneTimeLink.used_at).is_(None),
        )
        .values(used_at=now)
    )
    token = secrets.token_urlsafe(32)
    link = OneTimeLink(
        token_hash=_hash(token),
        agent_id=agent_id,
        purpose=purpose,
        created_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    uow.session.add(link)
    await uow.session.flush()
    return token


async def peek(uow: UnitOfWork, token: str) -> Agent:
    """Whose link this is, without using it up. Raises :class:`InvalidInput` when it no longer opens anything."""
    agent = await uow.session.scalar(
        select(Agent)
        .join(OneTimeLink, col(OneTimeLink.agent_id) == col(Agent.id))
        .where(
            col(OneTimeLink.token_hash) == _hash(token),
            col(OneTimeLink.used_at).is_(None),
            col(OneTimeLink.expires_at) > clock.now(),
            col(Agent.active),
        )
    )
    if agent is None:
        raise _refused()
    return agent


async def use_link(uow: UnitOfWork, token: str, password: str) -> Agent:
    """Set the password of the link's agent; every session and every other link of his ends.

    Raises :class:`InvalidInput`: field ``password`` when it is too short (the link stays good), field ``token`` when
    the link is unknown, used, expired or its agent disabled. Of two uses at once, one wins.
    """
    passwords.check_strength(password)
    agent = await peek(uow, token)
    now = clock.now()
    used = await uow.session.scalar(
        update(OneTimeLink)
        .where(col(OneTimeLink.token_hash) == _hash(token), col(OneTimeLink.used_at).is_(None))
        .values(used_at=now)
        .returning(col(OneTimeLink.agent_id))
    )
    if used is None:
        raise _refused()
    await uow.session.execute(
        update(OneTimeLink)
        .where(col(OneTimeLink.agent_id) == agent.id, col(OneTimeLink.used_at).is_(None))
        .values(used_at=now)
    )
    await agents.set_password(uow, agent.id, password)
    return agent


async def request_reset(uow: UnitOfWork, email: str, peer: str) -> tuple[Agent, str] | None:
    """Begin a reset: the agent and the token to mail him, or None for an unknown or disabled address.

    Both answers look alike from outside; the border sends the mail by a job, so they take alike too. Raises
    :class:`RateLimited` at 5 requests an hour for one typed address (known or not) and 20 for one ``peer``.
    """
    address = email.strip().lower()[:320]
    limits = {f"reset:{address}": RESETS_PER_ACCOUNT, f"reset-from:{peer}": RESETS_PER_PEER}
    await attempts.admit(uow, limits, WINDOW)
    agent = await agents.find_agent(uow, address)
    if agent is None or not agent.active:
        return None
    return agent, await create_link(uow, agent.id, "reset", RESET_HOURS)


def _refused() -> InvalidInput:
    return InvalidInput("this link is not valid any more; please ask for a new one", field="token")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
