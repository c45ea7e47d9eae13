"""An agent's own language, appearance, signature and presence: kept with him, so they follow to other machines."""

from __future__ import annotations

from aiohttp import web

from contactcenter.agent_ui.session import LANGUAGE_COOKIE, THEME_COOKIE, local_path, remember
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.staff import agents
from contactcenter.staff.agents import Availability
from contactcenter.tickets.letterheads import MAX_SIGNATURE


def doors() -> Doors:
    """The preferences menu, and the page of the signature."""
    return (post("/preferences", change), get("/preferences/signature", signature_page))


async def signature_page(visit: Visit) -> web.StreamResponse:
    """The form for an agent's own signature."""
    async with visit.store.read() as uow:
        agent = await agents.get_agent(uow, visit.actor.agent_id)
    back = local_path(visit.query.get("back", "/inbox"))
    return visit.page("signature.html", signature=agent.signature, back=back, limit=MAX_SIGNATURE)


async def change(visit: Visit) -> web.StreamResponse:
    """Take over what the menu says; a field that is not there stays as it is."""
    available = visit.text("availability")
    language, theme = visit.text("language") or None, visit.text("theme") or None
    signature = visit.text("signature") if "signature" in visit.form else None
    async with visit.store.transaction() as uow:
        agent = await agents.set_preferences(uow, visit.actor, language=language, theme=theme, signature=signature)
        if available in {Availability.ONLINE, Availability.AWAY}:
            await agents.set_availability(uow, visit.actor, Availability(available))
    response = visit.go(local_path(visit.text("back", "/inbox")))
    remember(response, visit.room, LANGUAGE_COOKIE, agent.language)
    remember(response, visit.room, THEME_COOKIE, agent.theme)
    return response
