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
from contactcenter.tickets.automation.confidence import confidence, signals
from contactcenter.tickets.automation.decisions import Considered
from contactcenter.tickets.automation.never import asks_about_own_account, names_the_law
from contactcenter.tickets.automation.records import Action, State
from contactcenter.tickets.automation.ruling import NOT_SURE, Rule, rule_of, rule_on
from contactcenter.tickets.counterpart import CHANNEL_OF
from contactcenter.tickets.intake import one_line
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

    ``reasons`` are the rules that spoke against an automatic answer, in words, for the trace. ``considered`` is set
    where no rule did, and the category's state and the confidence decided: that is counted and audited.
    """

    action: str  # answer | suggest | route
    answer: Answer | None = None
    receipt: bool = False
    reasons: tuple[str, ...] = ()
    trace: dict[str, Any] = field(default_factory=dict)
    considered: Considered | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a decision looks at."""

    message: InboundMessage
    content: Content
    assessment: Assessment | None
    sender: Identity
    conversation_id: str
    is_new: bool  # the message opens its conversation
    message_id: str = ""
    intrudes: bool = False  # it cites a conversation in which its sender has no part

    @property
    def trusted(self) -> bool:
        """Whether its sender is who he says he is."""
        return self.content.authenticated or self.message.authenticated

    @property
    def question(self) -> str:
        """Subject and new words."""
        words = self.content.visible_text
        return f"{self.content.subject}\n{words}" if self.content.subject else words


async def decide(
    uow: UnitOfWork, case: Case, table: RoutingTable, policy: AnsweringPolicy, memory: AutomaticMemory
) -> Decision:
    """The decision for one message; looks at the knowledge base only when an answer is not ruled out before."""
    reasons = against(case, table, policy, memory)
    answer = None if reasons else await _best_answer(uow, case, table, policy.threshold)
    return conclude(case, table, policy, memory, reasons, answer)


def against(case: Case, table: RoutingTable, policy: AnsweringPolicy, memory: AutomaticMemory) -> list[str]:
    """Every rule that speaks against an automatic answer, whatever the knowledge base says."""
    silent = silent_reason(case.message, case.content)
    limited = "" if silent else memory.allowed(case.sender, case.conversation_id).answer
    return [reason for reason in (silent, limited) if reason] + _against_an_answer(case, table, policy)


def conclude(
    case: Case,
    table: RoutingTable,
    policy: AnsweringPolicy,
    memory: AutomaticMemory,
    reasons: Sequence[str],
    answer: Answer | None,
) -> Decision:
    """The decision once the best answer is known: the category's state and the confidence have the last word."""
    found = None if reasons else _consider(case, table, policy, answer)
    trace = _trace(policy, answer, found)
    if found is not None and found.ruling.action is Action.ANSWERED:
        memory.note(case.sender, case.conversation_id, "answer")
        return Decision("answer", answer, trace=trace, considered=found)
    reasons = tuple(reasons) or ((found.ruling.reason if found is not None else "") or NOT_SURE,)
    receipt = _gets_receipt(case, policy, memory)
    if receipt:
        memory.note(case.sender, case.conversation_id, "receipt")
    action = "suggest" if answer is not None and answer.article is not None else "route"
    return Decision(action, answer, receipt, reasons, trace, found)


def _gets_receipt(case: Case, policy: AnsweringPolicy, memory: AutomaticMemory) -> bool:
    """Whether a mail that goes to people gets a receipt."""
    possible = policy.acknowledge and case.message.channel is Channel.EMAIL and case.is_new
    if not possible or silent_reason(case.message, case.content):
        return False
    return not memory.allowed(case.sender, case.conversation_id).receipt


def _rule(case: Case, table: RoutingTable, policy: AnsweringPolicy) -> Rule:
    """The rule of the message's category and language."""
    if case.assessment is None:
        return Rule(State.OFF, 1.0)
    known = table.policies.get((case.assessment.category.label, case.assessment.language))
    return rule_of(known, policy.threshold)


def _consider(case: Case, table: RoutingTable, policy: AnsweringPolicy, answer: Answer | None) -> Considered | None:
    """How sure the machine is of the answer, and what its category's rule makes of that."""
    assessment = case.assessment
    if assessment is None:
        return None
    found = answer or Answer(None, 0.0)
    score = confidence(signals(assessment, found, authenticated=case.trusted))
    rule = _rule(case, table, policy)
    article = found.article
    return Considered(
        category=assessment.category.label,
        language=assessment.language,
        rule=rule,
        ruling=rule_on(rule, score, model=assessment.model, message_id=case.message_id),
        score=score,
        model=assessment.model,
        article_id=article.id if article is not None else "",
        article_version=article.version if article is not None else 0,
        answer=article.text if article is not None else "",
    )


def _against_an_answer(case: Case, table: RoutingTable, policy: AnsweringPolicy) -> list[str]:
    assessment = case.assessment
    if assessment is None:
        return ["triage did not answer"]
    rules = (
        ("automatic answers are switched off", not policy.auto_answer),
        ("no channel of ours reaches its writer", answer_channel(case.message, case.sender) is None),
        ("people are at work on it", not case.is_new),
        ("it cites a conversation of somebody else", case.intrudes),
        ("it is a complaint", assessment.complaint.is_complaint),
        ("it names lawyers, courts or authorities", names_the_law(case.question)),
        ("it is urgent", assessment.urgency.label == "high"),
        ("its language is not one the machine answers in", assessment.language not in {"en", "zh"}),
        (f"the category {assessment.category.label} goes to people", assessment.category.label not in table.answerable),
        # An article says how things are in general; how this one stands only people (and their systems) know.
        (
            "it is about a particular policy, order, invoice or claim",
            any(entity.type in _PARTICULAR for entity in assessment.entities),
        ),
        (
            "it asks how an account stands, and its sender is not authenticated",
            not case.trusted and asks_about_own_account(case.question),
        ),
        ("its category is switched off", _rule(case, table, policy).state is State.OFF),
        ("it brings files", bool(case.content.files)),
        ("it is too long for a question", len(case.content.visible_text) > MAX_QUESTION),
    )
    return [reason for reason, holds in rules if holds]


def answer_channel(message: InboundMessage, sender: Identity) -> Channel | None:
    """The channel an answer takes: the message's own; for what a program handed in, one that reaches its writer."""
    return CHANNEL_OF.get(sender.kind) if message.channel is Channel.API else message.channel


async def _best_answer(uow: UnitOfWork, case: Case, table: RoutingTable, threshold: float) -> Answer | None:
    assessment = case.assessment
    if assessment is None:
        return None
    audience: Sequence[str] = ("public", "verified") if case.trusted else ("public",)
    category = assessment.category
    queue = table.key_of(
        table.queue_for(
            hint=case.message.queue,
            category=category.label,
            probability=category.probability,
            complaint=assessment.complaint.is_complaint,
        )
    )
    hits = await search(uow, case.question, language=assessment.language, audience=audience, queue=queue)
    return choose(hits, category.label, category.probability, threshold)


def _trace(policy: AnsweringPolicy, answer: Answer | None, found: Considered | None) -> dict[str, Any]:
    """What the decision rested on, for whoever asks why."""
    trace: dict[str, Any] = {"threshold": policy.threshold}
    if found is not None:
        trace |= {"threshold": found.rule.threshold, "confidence": found.score, "state": found.rule.state.value}
        trace |= {"outcome": found.ruling.action.value, "audit": found.ruling.drawn}
    if answer is not None and answer.article is not None:
        trace |= {"article": answer.article.id, "article_version": answer.article.version}
        trace |= {"probability": round(answer.probability, 4)}
    return trace


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
    about = _("Subject: %(subject)s") % {"subject": one_line(subject)} if subject else ""
    notice = _("This receipt was written automatically. You can simply reply to it to add something.")
    return "\n\n".join(part for part in (greeting, body, about, f"--\n{notice}") if part)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
