"""The mail with a one-time link: an invitation to a new colleague, or a way to a new password.

The address in it is made of ``http.public_url`` alone: what a request calls itself (``Host``) has no say.
"""

from __future__ import annotations

from contactcenter.agent_ui.visit import Room
from contactcenter.conversations.notices import queue_notice
from contactcenter.i18n import translations
from contactcenter.staff import links
from contactcenter.staff.records import Agent
from contactcenter.store.unit_of_work import UnitOfWork


async def mail_invitation(room: Room, uow: UnitOfWork, agent: Agent) -> None:
    """Invite an agent to choose his first password; an older invitation of his no longer opens anything."""
    token = await links.create_link(uow, agent.id, "invite", links.INVITE_HOURS)
    _ = translations(agent.language).gettext
    text = _(
        "Hello {name},\n\n"
        "an account at the contact centre was made for you. Choose your password here:\n\n"
        "{link}\n\n"
        "The link works once and for {hours} hours. Afterwards you sign in with this address and your password at "
        "{home}\n"
    )
    await _mail(room, uow, agent, token, _("Your account at the contact centre"), text, links.INVITE_HOURS)


async def mail_reset(room: Room, uow: UnitOfWork, agent: Agent, token: str) -> None:
    """Send the link that :func:`contactcenter.staff.links.request_reset` made."""
    _ = translations(agent.language).gettext
    text = _(
        "Hello {name},\n\n"
        "a new password was asked for your account at the contact centre. Choose it here:\n\n"
        "{link}\n\n"
        "The link works once and for {hours} hours. If you did not ask for it, there is nothing to do: your password "
        "stays as it is.\n"
    )
    await _mail(room, uow, agent, token, _("A new password for the contact centre"), text, links.RESET_HOURS)


def link_of(room: Room, token: str) -> str:
    """The address that opens with the token."""
    return f"{room.settings.http.public_url}/password/{token}"


async def _mail(room: Room, uow: UnitOfWork, agent: Agent, token: str, subject: str, text: str, hours: float) -> None:
    text = text.format(
        name=agent.name, link=link_of(room, token), hours=f"{hours:g}", home=room.settings.http.public_url
    )
    await queue_notice(uow, room.store.secrets, to=agent.email, subject=subject, text=text)
