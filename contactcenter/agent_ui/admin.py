"""Administration: its sections, and the page that leads a new administrator through the first steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from contactcenter.agent_ui.visit import Doors, Visit, get
from contactcenter.agent_ui.words import mark
from contactcenter.errors import ContactCenterError, InvalidInput
from contactcenter.staff import agents
from contactcenter.staff.access import Role
from contactcenter.staff.tokens import is_program
from contactcenter.tickets import mailboxes


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the administration, for those with at least this role."""

    href: str
    label: str
    role: Role = Role.SUPERVISOR

    def holds(self, path: str) -> bool:
        """Whether the path lies in this part."""
        return path == self.href or (self.href != "/admin" and path.startswith(f"{self.href}/"))


SECTIONS = (
    Section("/admin", mark("First steps"), Role.ADMIN),
    Section("/admin/agents", mark("Agents"), Role.ADMIN),
    Section("/admin/queues", mark("Queues")),
    Section("/admin/categories", mark("Categories")),
    Section("/admin/mailboxes", mark("Mailboxes"), Role.ADMIN),
    Section("/admin/answers", mark("Prepared answers")),
    Section("/admin/tokens", mark("API tokens"), Role.ADMIN),
)

_DONE: Mapping[str, str] = {
    "invited": mark("The agent was added. The invitation is on its way by mail."),
    "saved": mark("Saved."),
    "mailed": mark("The link is on its way by mail. Older links no longer open anything."),
    "disabled": mark("The agent is signed out everywhere and can no longer sign in."),
    "enabled": mark("The agent can sign in again."),
    "removed": mark("Removed."),
    "added": mark("Added."),
    "revoked": mark("The token no longer works."),
}


def doors() -> Doors:
    """The way in."""
    return (get("/admin", first_steps, Role.SUPERVISOR),)


async def first_steps(visit: Visit) -> web.StreamResponse:
    """What makes an installation useful, and how far it is. Supervisors go on to the queues."""
    if not visit.actor.at_least(Role.ADMIN):
        return visit.go("/admin/queues")
    async with visit.store.read() as uow:
        boxes = await mailboxes.list_mailboxes(uow, visit.room.settings)
        everybody = await agents.list_agents(uow, include_inactive=False)
    people = [agent for agent in everybody if not is_program(agent)]
    settings = visit.room.settings
    return page(
        visit,
        "admin/first_steps.html",
        boxes=boxes,
        people=people,
        snippet=f'<script src="{settings.http.public_url}/widget.js" async></script>',
        origins=settings.chat.origins,
    )


def page(visit: Visit, template: str, status: int = 200, **values: Any) -> web.Response:
    """A page of the administration, with its sections and what was just done (``?done=``)."""
    sections = [section for section in SECTIONS if visit.actor.at_least(section.role)]
    done = _DONE.get(visit.query.get("done", ""), "")
    shown = {"faults": {}, **values}
    return visit.page(template, status, sections=sections, done=visit.gettext(done) if done else "", **shown)


def faults(visit: Visit, error: ContactCenterError, *, fields: tuple[str, ...], text: str = "") -> dict[str, str]:
    """What to show beside which field of a form; under an empty name what concerns none of ``fields``.

    ``text`` is said in place of the error's own words.
    """
    named = error.field if isinstance(error, InvalidInput) and error.field in fields else ""
    said = text or visit.gettext(str(error))
    return {named or "": said[:1].upper() + said[1:]}
