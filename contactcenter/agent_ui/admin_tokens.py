"""Administration of API tokens: make one (its secret is shown this once), see when it was used, revoke it."""

from __future__ import annotations

from aiohttp import web

from contactcenter.agent_ui import admin
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.errors import InvalidInput
from contactcenter.staff import tokens
from contactcenter.staff.access import Role

OWN = "own"
"""The token acts as the administrator who makes it; otherwise as a program with the role that is named."""


def doors() -> Doors:
    """The tokens; for administrators."""
    return (
        get("/admin/tokens", listing, Role.ADMIN),
        post("/admin/tokens", create, Role.ADMIN),
        post("/admin/tokens/{id}/revoke", revoke, Role.ADMIN),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """All tokens that work, and the form for another."""
    return await _page(visit)


async def create(visit: Visit) -> web.StreamResponse:
    """Make a token. The answer is the only page that ever shows its secret; it is kept by no cache."""
    name, acts_as = visit.text("name"), visit.text("acts_as")
    try:
        async with visit.store.transaction() as uow:
            if acts_as == OWN:
                secret = await tokens.create_token(uow, visit.actor.agent_id, name)
            else:
                secret = await tokens.create_program_token(uow, name, _role(acts_as))
    except InvalidInput as error:
        return await _page(visit, status=error.status, fault=error)
    return await _page(visit, secret=secret)


async def revoke(visit: Visit) -> web.StreamResponse:
    """End a token for good."""
    async with visit.store.transaction() as uow:
        await tokens.revoke(uow, visit.path["id"])
    return visit.go("/admin/tokens?done=revoked")


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise InvalidInput("the role is agent, supervisor or admin", field="acts_as") from error


async def _page(
    visit: Visit, *, status: int = 200, secret: str = "", fault: InvalidInput | None = None
) -> web.Response:
    async with visit.store.read() as uow:
        rows = await tokens.list_tokens(uow)
    return admin.page(
        visit,
        "admin/tokens.html",
        status,
        rows=rows,
        is_program=tokens.is_program,
        secret=secret,
        name="" if secret else visit.text("name"),
        acts_as=visit.text("acts_as") or Role.AGENT.value,
        docs=f"{visit.room.settings.http.public_url}/api/docs",
        faults=admin.faults(visit, fault, fields=("name", "acts_as")) if fault else {},
    )
