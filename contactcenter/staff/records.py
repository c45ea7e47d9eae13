"""Tables of the staff's room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import SQLModel

from contactcenter.store.schema import flag, link, moment, primary_id, words


class Agent(SQLModel, table=True):
    """A person who works here. ``role`` is agent, supervisor or admin; ``availability`` online, away or offline."""

    __tablename__ = "agent"

    id: str = primary_id()
    email: str = words(unique=True)
    name: str = words()
    role: str = words(default="agent")
    password_hash: str = words()
    language: str = words(default="en")
    theme: str = words(default="auto")
    signature: str = words()
    active: bool = flag(default=True)
    availability: str = words(default="offline")
    created_at: datetime = moment()
    last_seen_at: datetime | None = moment(nullable=True)


class AgentSession(SQLModel, table=True):
    """A signed-in browser: only the hash of its cookie is kept."""

    __tablename__ = "agent_session"

    token_hash: str = words(key=True)
    agent_id: str = link("agent.id", cascade=True, index=True)
    csrf: str = words()
    user_agent: str = words()
    created_at: datetime = moment()
    seen_at: datetime = moment()
    expires_at: datetime = moment()


class ApiToken(SQLModel, table=True):
    """A program's key. It acts as its agent; only its hash is kept."""

    __tablename__ = "api_token"

    id: str = primary_id()
    name: str = words()
    token_hash: str = words(unique=True)
    agent_id: str = link("agent.id", cascade=True, index=True)
    created_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)
    revoked_at: datetime | None = moment(nullable=True)


class OneTimeLink(SQLModel, table=True):
    """A link that lets its holder set a password once: invitation or reset. Only its hash is kept."""

    __tablename__ = "one_time_link"

    token_hash: str = words(key=True)
    agent_id: str = link("agent.id", cascade=True, index=True)
    purpose: str = words()  # invite | reset
    created_at: datetime = moment()
    expires_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)


class Attempt(SQLModel, table=True):
    """One try at a guarded door (sign-in, reset), counted per ``key`` within a window."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_key_at", "key", "at"),)

    id: str = primary_id()
    key: str = words()
    at: datetime = moment()
