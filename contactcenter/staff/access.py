"""Who is acting, and the one door to a customer's file.

Every service takes an :class:`Actor`; whatever he may not see does not exist for him (:class:`NotFound`), whatever he
may see but not do is :class:`Forbidden`. The door to tickets is :mod:`contactcenter.tickets.access`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from contactcenter.customers.identity import current_customer
from contactcenter.customers.records import Customer
from contactcenter.errors import Forbidden
from contactcenter.store.unit_of_work import UnitOfWork


class Role(StrEnum):
    """What an agent may do; each role may do everything the ones before it may."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


_RANK = {role: rank for rank, role in enumerate(Role)}

Via = Literal["console", "api", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts, and through which door. ``agent_id`` is empty for the machine alone."""

    agent_id: str
    name: str
    email: str
    role: Role
    language: str = "en"
    theme: str = "auto"
    queue_ids: frozenset[str] = field(default_factory=frozenset)
    via: Via = "console"

    def at_least(self, role: Role) -> bool:
        """Whether he has this role or a higher one."""
        return _RANK[self.role] >= _RANK[role]

    @property
    def sees_all_queues(self) -> bool:
        """Supervisors and administrators see every queue."""
        return self.at_least(Role.SUPERVISOR)

    def sees_queue(self, queue_id: str) -> bool:
        """Whether tickets of this queue exist for him."""
        return self.sees_all_queues or queue_id in self.queue_ids


MACHINE = Actor("", "machine", "", Role.ADMIN, via="system")
"""The product itself: the pipeline, periodic jobs, the command line."""


def require(actor: Actor, role: Role) -> None:
    """Raise :class:`Forbidden` unless the actor has at least this role."""
    if not actor.at_least(role):
        raise Forbidden(f"this needs the role {role.value}")


async def access_customer(uow: UnitOfWork, actor: Actor, customer_id: str) -> Customer:
    """The customer's file; of a merged one, the file he is in now.

    Everybody who works here may see every customer's file (not every ticket). Raises :class:`NotFound`.
    """
    require(actor, Role.AGENT)
    return await current_customer(uow, customer_id)
