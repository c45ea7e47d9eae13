"""The mail that tells supervisors that the machine took a category back; it leaves when the change commits."""

from __future__ import annotations

from contactcenter.conversations.notices import queue_notice
from contactcenter.i18n import translations
from contactcenter.staff.access import Role
from contactcenter.staff.agents import list_agents
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation.records import AnswerPolicy
from contactcenter.tickets.records import Category


async def tell_supervisors(uow: UnitOfWork, policy: AnswerPolicy, cause: str, detail: str) -> None:
    """Write to every active supervisor and administrator, each in his language; ``detail`` is the machine's note."""
    category = await uow.session.get(Category, policy.category)
    for agent in await list_agents(uow, include_inactive=False):
        if agent.role == Role.AGENT:
            continue
        _ = translations(agent.language).gettext
        causes = {
            "error": _("Audited answers were wrong more often than is tolerated."),
            "drift": _("The questions are no longer like those its threshold was chosen on."),
            "audits": _("The answers drawn for an audit were not judged in time."),
            "model": _("Triage uses another model than the one its threshold was chosen for."),
        }
        name = policy.category
        if category is not None:
            name = category.name_zh if agent.language == "zh" else category.name
        subject = _("Automatic answers stopped: {category}").format(category=name)
        text = _(
            "Hello {name},\n\n"
            "questions about {category} ({language}) are no longer answered automatically; they go to people. "
            "{cause}\n\n"
            "Details: {detail}\n\n"
            "The answers the machine would have given are kept and drawn for audits. Only you can switch it on again.\n"
        ).format(name=agent.name, category=name, language=policy.language, cause=causes[cause], detail=detail)
        await queue_notice(uow, uow.secrets, to=agent.email, subject=subject, text=text)
