"""Writing on a ticket: reply, note, forward, with drafts, prepared answers, suggestions and ten seconds to undo."""

from __future__ import annotations

import re

from aiohttp import web
from sqlalchemy import select
from sqlmodel import col

from contactcenter import clock
from contactcenter.agent_ui.ticket_list import place_of
from contactcenter.agent_ui.ticket_page import ticket_page
from contactcenter.agent_ui.tickets import PATH, number_of, page_values, refreshed
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.conversations.records import Attachment, Message
from contactcenter.customers import identity as identities
from contactcenter.envelope import Channel, FileContent, Identity
from contactcenter.errors import InvalidInput
from contactcenter.knowledge.retrieval import search
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_message, access_ticket
from contactcenter.tickets.canned import list_canned, render_canned, variables
from contactcenter.tickets.counterpart import CHANNEL_OF, counterpart
from contactcenter.tickets.drafts import Mode, delete_draft, save_draft
from contactcenter.tickets.judging import judge_suggestions
from contactcenter.tickets.letterheads import SignatureChoice
from contactcenter.tickets.listing import one_row
from contactcenter.tickets.openings import last_words
from contactcenter.tickets.records import Ticket
from contactcenter.tickets.similar import similar_solved

UNDO_SECONDS = 10
MAX_FILES = 20
SUGGESTIONS = 3
_MODES: dict[str, Mode] = {"reply": "reply", "note": "note", "forward": "forward"}


def doors() -> Doors:
    """The composer's addresses."""
    return (
        post(f"{PATH}/reply", reply),
        post(f"{PATH}/note", note),
        post(f"{PATH}/forward", forward),
        post(f"{PATH}/draft", draft),
        get(f"{PATH}/canned", canned),
        get(f"{PATH}/suggestions", suggestions),
        get(f"{PATH}/similar", similar),
        post("/messages/{id}/undo", undo),
    )


async def reply(visit: Visit) -> web.StreamResponse:
    """Answer the customer. Refused with 409 when something was said that the writer has not been shown."""
    files = await uploaded(visit)
    resolve = visit.text("resolve") == "1"
    async with visit.store.transaction() as uow:
        ticket = await access_ticket(uow, visit.actor, number_of(visit), lock=True)
        if await _unseen(uow, ticket, visit.text("seen")):
            return _look_first(visit)
        message = await desk.reply(
            uow,
            visit.actor,
            ticket,
            text=visit.text("text"),
            to=await _chosen_way(uow, visit, ticket),
            cc=addresses(visit.text("cc")),
            bcc=addresses(visit.text("bcc")),
            files=files,
            resolve=resolve,
            delay_seconds=UNDO_SECONDS,
            signature=chosen_signature(visit),
            quote=visit.text("quote") == "1",
        )
        inserted, shown = visit.texts("inserted"), visit.texts("shown")
        await judge_suggestions(uow, visit.actor, ticket, visit.text("text"), inserted=inserted, shown=shown)
        await delete_draft(uow, visit.actor, ticket.id)
        sent = visit.gettext("Sent and resolved") if resolve else visit.gettext("Sent")
        is_read_at_once = message.channel == Channel.CHAT
        way_back = "" if is_read_at_once else f"/messages/{message.id}/undo{place_of(visit).suffix}"
        notice = visit.toast(sent, undo=way_back)
        return await _emptied(visit, uow, ticket, notice)


async def note(visit: Visit) -> web.StreamResponse:
    """Write down something for colleagues."""
    async with visit.store.transaction() as uow:
        ticket = await access_ticket(uow, visit.actor, number_of(visit))
        await desk.note(uow, visit.actor, ticket, visit.text("text"))
        await delete_draft(uow, visit.actor, ticket.id)
        return await _emptied(visit, uow, ticket, visit.toast(visit.gettext("Note added")))


async def forward(visit: Visit) -> web.StreamResponse:
    """Send one of the messages on to somebody else."""
    async with visit.store.transaction() as uow:
        ticket = await access_ticket(uow, visit.actor, number_of(visit))
        message = await desk.forward(
            uow,
            visit.actor,
            ticket,
            visit.text("message"),
            visit.text("to"),
            visit.text("text"),
            cc=addresses(visit.text("cc")),
            delay_seconds=UNDO_SECONDS,
            signature=chosen_signature(visit),
        )
        await delete_draft(uow, visit.actor, ticket.id)
        way_back = f"/messages/{message.id}/undo{place_of(visit).suffix}"
        return await _emptied(visit, uow, ticket, visit.toast(visit.gettext("Forwarded"), undo=way_back))


async def undo(visit: Visit) -> web.StreamResponse:
    """Take a reply or a forwarded mail back before it goes out; its text returns to the composer, its files do not."""
    async with visit.store.transaction() as uow:
        message, ticket = await access_message(uow, visit.actor, visit.path["id"])
        had_files = await uow.session.scalar(
            select(col(Attachment.id)).where(col(Attachment.message_id) == message.id).limit(1)
        )
        text = await desk.undo_reply(uow, visit.actor, visit.path["id"])
        if text is None or ticket is None:
            return visit.fragments(visit.toast(visit.gettext("Too late: it is on its way."), kind="fault"))
        await save_draft(uow, visit.actor, ticket.id, "reply", text)
        done = visit.gettext("Taken back. Attach the files again.") if had_files else visit.gettext("Taken back")
        return await _emptied(visit, uow, ticket, visit.toast(done))


async def draft(visit: Visit) -> web.StreamResponse:
    """Keep what was begun."""
    mode = _MODES.get(visit.text("mode"), "reply")
    async with visit.store.transaction() as uow:
        ticket = await access_ticket(uow, visit.actor, number_of(visit))
        await save_draft(uow, visit.actor, ticket.id, mode, visit.text("text"))
    return web.Response(status=204)


async def canned(visit: Visit) -> web.StreamResponse:
    """Prepared answers that go with what was typed, in the customer's language first, variables filled in."""
    wanted = visit.query.get("q", "").strip().lower()
    async with visit.store.read() as uow:
        row = await one_row(uow, visit.actor, number_of(visit))
        every = await list_canned(uow)
    language = row.language if row.language in {"en", "zh"} else visit.locale
    fitting = [entry for entry in every if wanted in entry.shortcut.lower() or wanted in entry.title.lower()]
    fitting.sort(key=lambda entry: (entry.language != language, not entry.shortcut.startswith(wanted), entry.shortcut))
    values = variables(row, visit.actor)
    found = [(entry, render_canned(entry.text, values)) for entry in fitting[:12]]
    return visit.page("fragments/canned.html", found=found)


async def suggestions(visit: Visit) -> web.StreamResponse:
    """Up to three articles that may answer the customer's last message."""
    async with visit.store.read() as uow:
        ticket = await access_ticket(uow, visit.actor, number_of(visit))
        text = await last_words(uow, ticket.conversation_id)
        hits = []
        if text:
            language = ticket.language if ticket.language in {"en", "zh"} else None
            found = await search(
                uow, text, language=language, audience=("public", "verified"), limit=SUGGESTIONS, others=True
            )
            hits = [hit for hit in found if hit.is_worth_a_glance]
        values = variables(await one_row(uow, visit.actor, ticket.number), visit.actor)
    texts = [(hit, render_canned(hit.article.text, values)) for hit in hits]
    return visit.page("fragments/suggestions.html", found=texts)


async def similar(visit: Visit) -> web.StreamResponse:
    """Up to three solved tickets like this one, each with the answer that solved it."""
    async with visit.store.read() as uow:
        ticket = await access_ticket(uow, visit.actor, number_of(visit))
        text = await last_words(uow, ticket.conversation_id)
        found = await similar_solved(uow, visit.actor, ticket, text, limit=SUGGESTIONS)
    return visit.page("fragments/similar.html", found=found, first_key=SUGGESTIONS + 1, place=place_of(visit))


async def uploaded(visit: Visit) -> list[FileContent]:
    """The posted files, their contents kept. Raises :class:`InvalidInput` for too many."""
    posted = [file for file in visit.form.getall("files", []) if isinstance(file, web.FileField) and file.filename]
    if len(posted) > MAX_FILES:
        raise InvalidInput(f"at most {MAX_FILES} files", field="files")
    files = []
    for file in posted:
        content = file.file.read()
        await visit.store.blobs.put(content)
        files.append(FileContent(file.filename[-255:], file.content_type or "application/octet-stream", content))
    return files


def chosen_signature(visit: Visit) -> SignatureChoice:
    """The signature the writer chose to stand below his mail; without a choice the one that goes without saying."""
    chosen = visit.text("signature")
    return SignatureChoice(chosen) if chosen in set(SignatureChoice) else SignatureChoice.AUTO


def addresses(written: str) -> list[str]:
    """Addresses parted by commas, semicolons or line ends."""
    return [part.strip() for part in re.split(r"[,;，；\n]", written) if part.strip()]


async def _unseen(uow: UnitOfWork, ticket: Ticket, seen: str) -> bool:
    """Whether something was said in the conversation after the last message the writer has seen."""
    newest = await uow.session.scalar(
        select(col(Message.id))
        .where(col(Message.conversation_id) == ticket.conversation_id, col(Message.state) != "duplicate")
        .order_by(col(Message.id).desc())
        .limit(1)
    )
    return newest is not None and (not clock.is_id(seen) or newest > seen)


def _look_first(visit: Visit) -> web.Response:
    """Something new was said: show it before anything goes out. What was written stays in the composer."""
    notice = visit.render("fragments/look_first.html")
    headers = {"HX-Retarget": "#composer-notice", "HX-Reswap": "innerHTML"}
    return visit.fragments(notice, status=409, headers=headers)


async def _chosen_way(uow: UnitOfWork, visit: Visit, ticket: Ticket) -> Identity | None:
    """Where the writer chose to answer, None for where it goes without saying; only names of the customer count."""
    chosen = visit.text("way")
    if not chosen:
        return None
    try:
        partner = await counterpart(uow, ticket)
        if str(partner.to) == chosen:
            return None
    except InvalidInput:
        pass  # nothing goes without saying: the choice below decides
    known = await identities.identities_of(uow, ticket.customer_id) if ticket.customer_id else []
    for row in known:
        if f"{row.kind}:{row.value}" == chosen and row.kind in {kind.value for kind in CHANNEL_OF}:
            return Identity.parse(chosen, row.name)
    raise InvalidInput("that is no address of this customer", field="way")


async def _emptied(visit: Visit, uow: UnitOfWork, ticket: Ticket, *notices: str) -> web.Response:
    """The changed page with a fresh composer (holding the draft, when there is one)."""
    await uow.session.flush()
    page = await ticket_page(uow, visit, ticket)
    composer = visit.render("fragments/composer.html", swap=True, **page_values(page, place_of(visit)))
    return visit.fragments(refreshed(visit, page), composer, *notices)
