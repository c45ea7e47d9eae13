"""Answering: whether the machine answers a message by itself, and the automatic messages it writes.

The decision is closed by default: every rule that speaks against an answer sends the message to people. A complaint
gets a receipt at most. Each automatic message says that a machine wrote it and how to reach a person in one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from contactcenter.conversations.guards import AutomaticMemory, silent_reason
from contactcenter.conversations.outbox import Outgoing
from contactcenter.envelope import AuthorType, Channel, Content, Identity, InboundMessage
from contactcenter.i18n import translations
from contactcenter.knowledge.answers import Answer, choose, render
from contactcenter.knowledge.retrieval import search
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.counterpart import CHANNEL_OF
from contactcenter.tickets.records import Ticket
from contactcenter.tickets.routing import RoutingTable
from contactcenter.tickets.writing import reply_subject
from contactcenter.triage.assessment import Assessment, EntityType

_PARTICULAR = frozenset({EntityType.POLICY, EntityType.ORDER, EntityType.INVOICE, EntityType.CLAIM})
MAX_QUESTION = 4_000  # characters; longer texts are a case, not a question


@dataclass(frozen=True, slots=True)
class AnsweringPolicy:
    """What the administrator allows (``[triage]`` of the settings)."""

    auto_answer: bool
    acknowledge: bool
    threshold: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a message: the machine answers, suggests to an agent, or only routes.

    ``reasons`` are the rules that spoke against an automatic answer, in words, for the trace.
    """

    action: str  # answer | suggest | route
    answer: Answer | None = None
    receipt: bool = False
    reasons: tuple[str, ...] = ()
    trace: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a decision looks at."""

    message: InboundMessage
    content: Content
    assessment: Assessment | None
    sender: Identity
    conversation_id: str
    is_new: bool  # the message opens its conversation


async def decide(
    uow: UnitOfWork, case: Case, table: RoutingTable, policy: AnsweringPolicy, memory: AutomaticMemory
) -> Decision:
    """The decision for one message; looks at the knowledge base only when an answer is not ruled out before."""
    silent = silent_reason(case.message, case.content)
    allowed = memory.allowed(case.sender, case.conversation_id) if not silent else None
    reasons = [reason for reason in (silent, allowed.answer if allowed else "") if reason]
    reasons += _against_an_answer(case, table, policy)
    answer = None if reasons else await _best_answer(uow, case, policy.threshold)
    if answer is not None and answer.article is not None and answer.sure:
        memory.note(case.sender, case.conversation_id, "answer")
        return Decision("answer", answer, trace=_trace(answer, policy))
    if not reasons:
        reasons.append("no article answers it surely enough")
    receipt = (
        policy.acknowledge
        and case.message.channel is Channel.EMAIL
        and case.is_new
        and allowed is not None
        and not allowed.receipt
    )
    if receipt:
        memory.note(case.sender, case.conversation_id, "receipt")
    action = "suggest" if answer is not None and answer.article is not None else "route"
    return Decision(action, answer, receipt, tuple(reasons), _trace(answer, policy))


def _against_an_answer(case: Case, table: RoutingTable, policy: AnsweringPolicy) -> list[str]:
    assessment = case.assessment
    if assessment is None:
        return ["triage did not answer"]
    rules = (
        ("automatic answers are switched off", not policy.auto_answer),
        ("no channel of ours reaches its writer", answer_channel(case.message, case.sender) is None),
        ("people are at work on it", not case.is_new),
        ("it is a complaint", assessment.complaint.is_complaint),
        ("it is urgent", assessment.urgency.label == "high"),
        ("its language is not one the machine answers in", assessment.language not in {"en", "zh"}),
        (f"the category {assessment.category.label} goes to people", assessment.category.label not in table.answerable),
        # An article says how things are in general; how this one stands only people (and their systems) know.
        (
            "it is about a particular policy, order, invoice or claim",
            any(entity.type in _PARTICULAR for entity in assessment.entities),
        ),
        ("it brings files", bool(case.content.files)),
        ("it is too long for a question", len(case.content.visible_text) > MAX_QUESTION),
    )
    return [reason for reason, holds in rules if holds]


def answer_channel(message: InboundMessage, sender: Identity) -> Channel | None:
    """The channel an answer takes: the message's own; for what a program handed in, one that reaches its writer."""
    return CHANNEL_OF.get(sender.kind) if message.channel is Channel.API else message.channel


async def _best_answer(uow: UnitOfWork, case: Case, threshold: float) -> Answer | None:
    assessment = case.assessment
    if assessment is None:
        return None
    trusted = case.content.authenticated or case.message.authenticated
    audience: Sequence[str] = ("public", "verified") if trusted else ("public",)
    question = (
        f"{case.content.subject}\n{case.content.visible_text}" if case.content.subject else case.content.visible_text
    )
    hits = await search(uow, question, language=assessment.language, audience=audience)
    return choose(hits, assessment.category.label, assessment.category.probability, threshold)


def _trace(answer: Answer | None, policy: AnsweringPolicy) -> dict[str, Any]:
    if answer is None or answer.article is None:
        return {"threshold": policy.threshold}
    return {
        "threshold": policy.threshold,
        "article": answer.article.id,
        "article_version": answer.article.version,
        "probability": round(answer.probability, 4),
    }


@dataclass(frozen=True, slots=True)
class Letter:
    """What an automatic message answers, and on whose ticket."""

    message: InboundMessage
    content: Content
    ticket: Ticket
    customer_name: str
    language: str

    @property
    def channel(self) -> Channel:
        """The channel it goes out on."""
        return answer_channel(self.message, self.content.sender) or self.message.channel


def automatic_messages(letter: Letter, decision: Decision) -> list[Outgoing]:
    """What the machine writes: an answer, a receipt, or nothing."""
    if decision.action == "answer" and decision.answer is not None and decision.answer.article is not None:
        plain, html = answer_text(
            decision.answer.article.text,
            name=letter.customer_name,
            language=letter.language,
            channel=letter.channel,
        )
        return [_outgoing(letter, "answer", plain, html)]
    if decision.receipt:
        plain = receipt_text(
            number=letter.ticket.number,
            subject=letter.content.subject,
            name=letter.customer_name,
            language=letter.language,
        )
        return [_outgoing(letter, "receipt", plain, "")]
    return []


def _outgoing(letter: Letter, kind: str, plain: str, html: str) -> Outgoing:
    content, ticket, is_mail = letter.content, letter.ticket, letter.message.channel is Channel.EMAIL
    return Outgoing(
        conversation_id=ticket.conversation_id,
        customer_id=ticket.customer_id or "",
        channel=letter.channel,
        to=content.sender,
        text=plain,
        html=html,
        subject=reply_subject(content.subject) if letter.channel is Channel.EMAIL else "",
        author_type=AuthorType.MACHINE,
        automatic=kind,
        in_reply_to=content.external_id if is_mail else "",
        refs=(*content.references[-20:], content.external_id) if is_mail and content.external_id else (),
        sender=next(iter(letter.message.recipients), ""),
        language=letter.language,
        ticket=ticket.number,
        queue=ticket.queue_id,
    )


def assessment_json(assessment: Assessment | None, decision: Decision) -> dict[str, Any] | None:
    """The assessment as it is kept and shown: what triage said, the article chosen, and what was decided."""
    if assessment is None:
        return None
    answer = decision.answer
    article = answer.article if answer else None
    chosen = {"article": article.id, "probability": round(answer.probability, 4)} if answer and article else None
    return {**assessment.to_json(), "answer": chosen, "decision": decision.action}


def answer_text(article_text: str, *, name: str, language: str, channel: Channel) -> tuple[str, str]:
    """The automatic answer as plain text and HTML (empty for channels without HTML), with the machine notice."""
    _ = translations(language).gettext
    text, html = render(article_text, name, language)
    notice = (
        _("This answer was written automatically. If it does not help, just reply and a person takes over.")
        if channel is Channel.EMAIL
        else _("(Automatic answer. Just reply to reach a person.)")
    )
    if channel is not Channel.EMAIL:
        return f"{text}\n\n{notice}", ""
    greeting = _("Hello %(name)s,") % {"name": name} if name else _("Hello,")
    return (
        f"{greeting}\n\n{text}\n\n--\n{notice}",
        f"<p>{_escaped(greeting)}</p>{html}<hr><p><small>{notice}</small></p>",
    )


def receipt_text(*, number: int, subject: str, name: str, language: str) -> str:
    """The receipt for a message that people will answer. Quotes nothing of the message but its subject."""
    _ = translations(language).gettext
    greeting = _("Hello %(name)s,") % {"name": name} if name else _("Hello,")
    body = _("we have received your message and will answer it personally. Its number is %(number)d.") % {
        "number": number
    }
    about = _("Subject: %(subject)s") % {"subject": subject[:200]} if subject else ""
    notice = _("This receipt was written automatically. You can simply reply to it to add something.")
    return "\n\n".join(part for part in (greeting, body, about, f"--\n{notice}") if part)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
