"""The stages: each looks at a whole batch and asks the database a fixed number of questions for it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import insert

from contactcenter.conversations import processing
from contactcenter.conversations.bounces import believed, is_report, suspected
from contactcenter.conversations.guards import AutomaticMemory
from contactcenter.conversations.outbox import add_participants, queue_messages
from contactcenter.conversations.records import Conversation
from contactcenter.conversations.senders import Senders
from contactcenter.conversations.threads import Claim, Thread, ThreadIndex
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.customers.business import records_named
from contactcenter.customers.identity import current_customer, resolve_many
from contactcenter.envelope import (
    Channel,
)
from contactcenter.errors import NotFound
from contactcenter.pipeline.work import (
    NAMED,
    Batch,
    Work,
    added_event,
    begin,
    elsewhere,
    first_status,
    first_tags,
    is_proven,
    priority_of,
    reachable,
    reacts,
    understood,
    with_records,
)
from contactcenter.settings import Limits
from contactcenter.store.schema import table_of
from contactcenter.tickets import desk
from contactcenter.tickets.answering import (
    AnsweringPolicy,
    Case,
    Letter,
    automatic_messages,
    decide,
)
from contactcenter.tickets.automation import decisions
from contactcenter.tickets.automation.records import Reaction
from contactcenter.tickets.bounces import not_delivered
from contactcenter.tickets.colleagues import (
    note_who_passed_on,
)
from contactcenter.tickets.records import Ticket

_BEGIN = insert(table_of(Conversation))


class Stages:
    """What happens to a batch between reading and the end of its transaction, in the order of the table."""

    def __init__(self, tokens: ReplyTokens, policy: AnsweringPolicy, limits: Limits) -> None:
        self._tokens = tokens
        self._policy = policy
        self._limits = limits

    async def copies(self, batch: Batch) -> None:
        """Recognise copies that a relay re-encoded: same Message-ID, same decoded content."""
        mails = {work.row.id: work.content for work in batch.works if work.message.channel is Channel.EMAIL}
        copies = await processing.known_copies(batch.uow, mails)
        for work in batch.works:
            work.copy_of = copies.get(work.row.id, "")

    async def senders(self, batch: Batch) -> None:
        """Find out whose mail is kept aside, and who writes more than a person does."""
        for work in batch.originals:
            work.content = replace(work.content, sender=reachable(work.content.sender))
        mails = [(work.message, work.content.sender) for work in batch.originals]
        batch.senders = await Senders.load(batch.uow, mails, self._limits)
        for work in batch.originals:
            name, released = str(work.content.sender), work.message.envelope.get("released")
            work.flooding = name in batch.senders.flooding
            work.blocked = name in batch.senders.blocked and not released

    async def returned(self, batch: Batch) -> None:
        """Believe the bounces and receipts that return a message of ours; note them on what they speak of."""
        reports = {
            work.row.id: work.content for work in batch.originals if is_report(work.message.channel, work.content)
        }
        if not reports:
            return
        known = await believed(batch.uow, reports, self._tokens)
        unknown = [content for row_id, content in reports.items() if row_id not in known]
        lately = await suspected(batch.uow, unknown)
        for work in (work for work in batch.originals if work.row.id in reports):
            work.returned = known.get(work.row.id)
            if work.returned is None:
                named = (one.address.lower() for one in work.content.bounced)
                work.suspect = next((lately[address] for address in named if address in lately), "")
            elif work.returned.customer_id:
                work.customer = await current_customer(batch.uow, work.returned.customer_id)

    async def customers(self, batch: Batch) -> None:
        """Find the customers by their identities, or meet new ones."""
        for proven in (True, False):
            works = [work for work in batch.originals if work.customer is None and is_proven(work) is proven]
            senders = [work.content.sender for work in works]
            found = await resolve_many(batch.uow, senders, verified=proven, wrote=True)
            for work in works:
                work.customer = found[str(work.content.sender)]
                if not work.customer.language and work.assessment is not None:
                    work.customer.language = work.language

    async def records(self, batch: Batch) -> None:
        """Look for the policies, orders, invoices and claims that the messages name."""
        works = [(work, work.assessment) for work in batch.originals if work.assessment is not None]
        named = {
            (entity.type, str(entity.value)) for _, said in works for entity in said.entities if entity.type in NAMED
        }
        known = await records_named(batch.uow, named)
        for work, said in works if known else ():
            work.assessment = with_records(said, work.customer.id if work.customer else "", known)

    async def threads(self, batch: Batch) -> None:
        """Find each message's conversation, or begin one; its sender takes part."""
        works = [(work, work.customer) for work in batch.originals if work.customer is not None]
        claims = [
            Claim(work.message.channel, work.content, may_enter=not work.forged, disowned=work.is_disowned)
            for work, _ in works
        ]
        numbers = {claim.number for claim in claims if claim.number is not None}
        numbered = await desk.conversations_of(batch.uow, numbers) if numbers else {}
        index = await ThreadIndex.load(batch.uow, claims, self._tokens, numbered)
        begun: list[Conversation] = []
        for (work, customer), claim in zip(works, claims, strict=True):
            logged = str(work.message.envelope.get("conversation", "")) if work.message.logged_by else ""
            if work.returned is not None:
                work.thread = Thread(work.returned.conversation_id)
                work.conversation_id = work.returned.conversation_id
                continue  # a mail system takes no part in what it reports on
            work.thread = Thread(logged) if logged else index.find(claim, customer.id)
            if work.thread.conversation_id is None:
                work.thread = elsewhere(work, batch.senders)
            if work.thread.conversation_id is None:
                work.conversation = begin(work, customer, batch.senders)
                begun.append(work.conversation)
            work.conversation_id = work.thread.conversation_id or begun[-1].id
            index.add(claim, work.conversation_id, customer.id)
        if begun:
            rows = [conversation.model_dump() for conversation in begun]
            await (await batch.uow.session.connection()).execute(_BEGIN, rows)
        taking_part = [work for work, _ in works if work.returned is None]
        await add_participants(batch.uow, [(work.conversation_id, str(work.content.sender)) for work in taking_part])

    async def decide(self, batch: Batch) -> None:
        """Let the guards and the knowledge base decide what the machine answers."""
        senders = [work.content.sender for work in batch.originals]
        memory = await AutomaticMemory.load(batch.uow, senders, self._limits, batch.senders.flooding)
        for work in batch.originals:
            case = Case(
                work.message,
                work.content,
                work.assessment,
                work.content.sender,
                work.conversation_id,
                work.is_new,
                work.row.id,
                bool(work.thread.related),
            )
            work.decision = await decide(batch.uow, case, batch.routing, self._policy, memory)

    async def tickets(self, batch: Batch) -> None:
        """Open a ticket for each new conversation; a person's message on an old one wakes its ticket."""
        old = {work.conversation_id for work in batch.originals if not work.is_new}
        joined = {younger for work in batch.originals for younger in work.thread.joined}
        known = await desk.tickets_of(batch.uow, old | joined)
        for work in batch.originals:
            work.ticket = known.get(work.conversation_id)
            if work.ticket is not None and work.thread.joined:
                await self._join(batch, work, known)
            if work.ticket is None:
                work.ticket = known[work.conversation_id] = await self._open(batch, work)
            elif not work.is_person or work.only_thanks or work.is_history:
                await desk.count_messages(batch.uow, work.ticket)
                if work.returned is not None:
                    await not_delivered(batch.uow, work.returned.failed)
            else:
                await desk.customer_wrote(batch.uow, work.ticket, work.preview)
                if work.complains:
                    work.ticket.complaint = True
            if work.passed_on is not None:
                await note_who_passed_on(batch.uow, work.ticket, work.passed_on)

    async def _join(self, batch: Batch, work: Work, known: dict[str, Ticket]) -> None:
        """Put the tickets that a late parent shows to be one together, also where they lie in this batch."""
        target = known[work.conversation_id]
        younger = [known[name] for name in work.thread.joined if name in known]
        for source in await desk.bring_together(batch.uow, target, younger):
            known[source.conversation_id] = target
            for other in batch.originals:
                if other.ticket is source:
                    other.ticket, other.conversation_id = target, target.conversation_id

    async def _open(self, batch: Batch, work: Work) -> Ticket:
        assessment, customer = work.assessment, work.customer
        conversation = work.conversation or await batch.uow.session.get(Conversation, work.conversation_id)
        if conversation is None:
            raise NotFound("the conversation is gone")
        category = assessment.category if assessment else None
        answered = work.decision.action == "answer"
        return await desk.open_ticket(
            batch.uow,
            conversation=conversation,
            customer_id=customer.id if customer else None,
            subject=work.content.subject or work.preview[:80],
            preview=work.preview,
            queue_id=batch.routing.queue_for(
                hint=work.message.queue,
                category=category.label if category else "",
                probability=category.probability if category else 0.0,
                complaint=work.complains,
            ),
            category=category.label if category else "",
            category_probability=category.probability if category else 0.0,
            language=work.language,
            sentiment=assessment.sentiment.label if assessment else "",
            complaint=work.complains,
            priority=priority_of(work),
            channel=work.message.channel,
            status=first_status(work),
            at=work.row.created_at if work.message.envelope.get("door") == "import" else None,
            answered_by="machine" if answered else "",
            related=await desk.relate(batch.uow, work.thread.related),
            messages_count=2 if answered or work.decision.receipt else 1,
            tags=first_tags(work),
        )

    async def answer(self, batch: Batch) -> None:
        """Write automatic answers and receipts into the outbox, in this same transaction."""
        outgoings = []
        for work in batch.originals:
            if work.ticket is not None and work.customer is not None:
                letter = Letter(work.message, work.content, work.ticket, work.customer.name, work.language)
                outgoings += automatic_messages(letter, work.decision)
        await queue_messages(batch.uow, outgoings)

    async def keep(self, batch: Batch) -> None:
        """Write what was understood onto the messages' rows, keep their files, tell who listens."""
        await processing.keep(batch.uow, [understood(work) for work in batch.works])
        await self._account(batch)
        for work in batch.originals:
            if work.ticket is not None:
                batch.uow.publish(added_event(work, work.ticket))

    async def _account(self, batch: Batch) -> None:
        """Keep the decisions, and what customers said to earlier answers: thanks, or that they need more."""
        considered = [(work.row.id, work.conversation_id, work.decision.considered) for work in batch.originals]
        await decisions.keep(batch.uow, [(row, where, one) for row, where, one in considered if one is not None])
        for reaction, thanks in ((Reaction.HELPED, True), (Reaction.RETURNED, False)):
            works = [work for work in batch.originals if reacts(work) and work.only_thanks is thanks]
            await decisions.note_reactions(batch.uow, reaction, {work.conversation_id for work in works})
