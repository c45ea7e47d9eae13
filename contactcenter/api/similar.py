"""Solved tickets like one that waits, each with the answer that solved it."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.shapes import Collection, Moment, Output
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.openings import last_words
from contactcenter.tickets.similar import similar_solved


class SimilarJson(Output):
    """A solved ticket like the one that was asked for."""

    ticket: int = Field(description="Its number.")
    subject: str
    reply: str = Field(
        description="What was answered last, for this ticket's customer: the other's name is replaced, his addresses, "
        "phones and numbers are left out."
    )
    agent: str = Field(description="Name of the agent who wrote it.")
    resolved_at: Moment
    score: float = Field(description="How like it is, 0 to 1.")


class SimilarTickets(Collection[SimilarJson]):
    """The solved tickets that are most like it."""


@operation("GET", "/tickets/{number}/similar", role=Role.AGENT, summary="Solved tickets like this one")
async def list_similar(call: Call, uow: UnitOfWork, number: int) -> SimilarTickets:
    """At most three, the most like it first, of the last year and of those you may see. Read a reply before it goes."""
    ticket = await access_ticket(uow, call.actor, number)
    found = await similar_solved(uow, call.actor, ticket, await last_words(uow, ticket.conversation_id))
    items = [{"ticket": values.pop("number"), **values} for values in map(asdict, found)]
    return SimilarTickets(items=[SimilarJson.model_validate(item) for item in items], next_cursor=None)


OPERATIONS: tuple[Operation, ...] = (list_similar,)
