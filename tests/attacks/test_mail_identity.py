"""A1 to A7: mails that claim to be somebody else's, or to belong to somebody else's matter."""

import pytest
from sqlalchemy import select

from contactcenter.channels.email.authentication import evaluate
from contactcenter.conversations.records import Participant
from contactcenter.staff.access import Role
from contactcenter.tickets import desk
from tests.attacks.house import OURS, PostRoom, mail
from tests.integration.office import hire

ANN, EVE = "ann@customer.example", "eve@evil.example"


async def answered(room, number=None, text="Your password is swordfish.", **way):
    """An agent's reply to the (first) ticket."""
    actor = await hire(room.store, "agent", Role.ADMIN)
    ticket = (await room.tickets())[0]
    async with room.store.transaction() as uow:
        return await desk.reply(uow, actor, await uow.session.merge(ticket), text=text, **way)


async def participants(room):
    async with room.store.read() as uow:
        return set(await uow.session.scalars(select(Participant.identity)))


async def test_a1_cve_2024_49193_a_guessed_message_id_leads_a_stranger_nowhere(room):
    await room.take(mail(ANN))
    reply = await answered(room)
    for number, cited in enumerate(("1@c", reply.external_id)):
        raw = mail(EVE, "Re: My boat", "more?", message_id=f"e{number}@e", In_Reply_To=f"<{cited}>", References="<1@c>")
        await room.take(raw)
    first, hers = await room.tickets()  # her second mail is on her own
    assert hers.customer_id != first.customer_id
    for message in await room.deliver():
        if any(EVE in recipient for recipient in message.recipients):
            assert b"swordfish" not in message.content
            assert b"mast" not in message.content


async def test_a1_a_stranger_who_writes_before_the_customer_does_not_draw_him_in(room):
    await room.take(mail(EVE, message_id="e@e", References="<1@c>"))
    await room.take(mail(ANN, message_id="1@c"))
    first, second = await room.tickets()
    assert first.customer_id != second.customer_id


async def test_a2_a_forged_sender_cannot_turn_the_answer_to_himself_by_reply_to(room):
    await room.take(mail(ANN))
    forged = mail(ANN, "Re: My boat", "Any news?", message_id="2@c", References="<1@c>", Reply_To=EVE)
    await room.take(forged, proven=False)
    assert len(await room.tickets()) == 1
    await answered(room)
    assert [mail.recipients for mail in await room.deliver() if b"swordfish" in mail.content] == [(ANN,)]
    assert f"email:{EVE}" not in await participants(room)


async def test_a2_reply_to_is_honoured_where_it_gives_nothing_away(room):
    await room.take(mail("forms@shop.example", Reply_To=ANN, message_id="form@s"), proven=False)
    await answered(room)
    assert [mail.recipients for mail in await room.deliver() if b"swordfish" in mail.content] == [(ANN,)]


async def test_a2_nobody_makes_anothers_mail_vanish_as_a_copy_of_his_own(room):
    await room.take(mail(EVE, "My boat", "Yes, please."), mail(ANN, "My boat", "Yes, please."))
    await room.take(mail(ANN, "My boat", "Yes, please.").replace(b"Date: Mon", b"X-Relay: 1\nDate: Mon, "))
    assert [message.state for message in await room.messages("in")] == ["done", "done", "duplicate"]
    assert len(await room.tickets()) == 2


async def test_a3_a_stranger_in_cc_takes_no_part_and_gets_nothing(room):
    await room.take(mail(ANN, Cc=f"{EVE}, victim@third.example"))
    await answered(room)
    await room.take(mail(EVE, "Re: My boat", message_id="e@e", References="<1@c>"))
    assert len(await room.tickets()) == 2
    first = (await room.tickets())[0]
    async with room.store.read() as uow:
        joined = set(
            await uow.session.scalars(
                select(Participant.identity).where(Participant.conversation_id == first.conversation_id)
            )
        )
    sent = {recipient for mail in await room.deliver() if b"swordfish" in mail.content for recipient in mail.recipients}
    assert joined == {f"email:{ANN}"}
    assert sent == {ANN}


async def test_a4_cve_2026_47123_mail_in_an_agents_name_is_never_an_agents_reply(room):
    await room.take(mail(ANN), mail("bob@customer.example", message_id="b@c"))
    agent = await hire(room.store, "agent", Role.ADMIN)
    first, other = await room.tickets()
    right = room.tokens.sign(first.conversation_id)
    for number, tag in enumerate(("", right[:-4] + "aaaa", room.tokens.sign(other.conversation_id), right)):
        to = f"support+{tag}@desk.example" if tag else OURS
        headers = {"message_id": f"f{number}@f", "References": "<1@c>" if number < 2 else "<x@y>"}
        await room.take(mail(agent.email, "Re: My boat", "We refund you.", **headers), to=(to,))
    for forged in (await room.messages("in"))[2:]:
        assert (forged.author_type, forged.author_id, forged.direction) == ("customer", "", "in")
        assert forged.conversation_id not in {first.conversation_id, other.conversation_id}
    assert all(b"refund" not in sent.content for sent in await room.deliver())


async def test_a4_unproven_mail_in_an_agents_name_is_marked_as_forged_and_gets_nothing(room):
    await room.take(mail(ANN))
    agent = await hire(room.store, "agent", Role.ADMIN)
    (first,) = await room.tickets()
    to = f"support+{room.tokens.sign(first.conversation_id)}@desk.example"
    forged = mail(agent.email, "Re: My boat", "We refund you.", message_id="f@f", References="<1@c>")
    await room.take(forged, proven=False, to=(to,))
    _, second = await room.tickets()
    assert (second.tags, second.related) == (["forged"], [first.id])
    assert [message.identity for message in await room.written()] == [f"email:{ANN}"]
    assert await participants(room) == {f"email:{ANN}", f"email:{agent.email}"}  # each of his own conversation


async def test_a4_an_agent_in_cc_is_not_let_in_by_his_name_alone(room):
    await room.take(mail(ANN))
    agent = await hire(room.store, "watcher", Role.ADMIN)
    sent = await answered(room, cc=[agent.email])
    raw = mail(agent.email, "Re: My boat", "Refund it.", message_id="f@f", In_Reply_To=f"<{sent.external_id}>")
    await room.take(raw, proven=False)
    assert len({message.conversation_id for message in await room.messages("in")}) == 2


async def test_a4_mail_in_the_name_of_our_own_mailbox_is_a_machines(room):
    await room.take(mail(OURS, message_id="own@d"), mail(f"Desk <{OURS.upper()}>", message_id="own2@d"))
    assert all(message.automatic for message in await room.messages("in"))
    assert await room.written() == []


async def test_a6_ghsa_8vm3_even_the_customer_opens_nothing_with_an_id_whose_hash_is_wrong(room):
    await room.take(mail(ANN))
    sent = await answered(room)
    (first,) = await room.tickets()
    local, _, domain = sent.external_id.partition("@")
    old = (
        f"{sent.id}@{domain}",
        f"{first.conversation_id}@{domain}",
        f"{local[:-4]}aaaa@{domain}",
        f"{local}a@{domain}",
    )
    for number, cited in enumerate(old):
        await room.take(mail(ANN, f"Matter {number}", message_id=f"o{number}@c", In_Reply_To=f"<{cited}>"))
    assert len(await room.tickets()) == 1 + len(old)


async def test_a6_ghsa_8vm3_ids_in_other_formats_open_nothing(room):
    await room.take(mail(ANN))
    (first,) = await room.tickets()
    guesses = ("{n}@desk.example", "ticket-{n}@desk.example", "{id}@desk.example", "r{id}@desk.example", "{n}", "")
    for number, guess in enumerate(guesses):
        cited = f"<{guess.format(n=first.number, id=first.conversation_id)}>"
        subject = f"Re: [#{first.number}] [Ticket#{first.number}] My boat"
        sender = f"eve{number}@evil.example"
        await room.take(mail(sender, subject, message_id=f"e{number}@e", In_Reply_To=cited, References=cited))
    assert len(await room.tickets()) == 1 + len(guesses)


FORGED = {
    "Authentication_Results": "mx.desk.example; dkim=pass header.d=customer.example; dmarc=pass",
    "X_Contactcenter_Queue": "billing", "X_Contactcenter_Authenticated": "yes", "X_Contactcenter_Priority": "high",
    "X_Zammad_Ticket_Priority": "high", "X_Spam_Flag": "YES", "X_Spam_Status": "Yes, score=99",
    "Received_SPF": "pass", "ARC_Authentication_Results": "i=1; mx.desk.example; dmarc=pass",
}  # fmt: skip


async def test_a7_cve_2012_4735_headers_of_strangers_steer_nothing(store):
    room = await PostRoom(store, authserv_id="mx.desk.example").open()
    await room.take(mail(ANN, **FORGED), proven=False)
    (ticket,), (message,) = await room.tickets(), await room.messages("in")
    assert (message.authenticated, message.authentication["dkim"]) == (False, "none")
    assert (ticket.status, ticket.priority, ticket.assignee_id) == ("new", "normal", None)
    assert await room.written() == []


@pytest.mark.parametrize(
    "forged",
    [
        "mx.desk.example; spf=pass smtp.mailfrom=a@customer.example",
        "mx.desk.example; dmarc=pass header.from=customer.example",
        "mx.desk.example; dkim=pass header.d=customer.example; spf=pass smtp.mailfrom=a@customer.example",
    ],
)
def test_a7_a_forged_result_below_our_relays_own_proves_nothing_that_was_judged(forged):
    own = "mx.desk.example; spf=fail smtp.mailfrom=evil.example; dkim=fail header.d=customer.example; dmarc=none"
    assert not evaluate([own, forged], "customer.example", ["mx.desk.example"]).authenticated
