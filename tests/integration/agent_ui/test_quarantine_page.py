"""The quarantine's pages: seen by supervisors, shown as text, run again on command."""

import re

from contactcenter import clock
from contactcenter.conversations.records import Message, MessageState
from contactcenter.staff.access import Role

RAW = b"From: eve@example.org\r\nSubject: \xe2\x80\xaeevil\r\n\r\n<script>alert(1)</script>\x00\r\n"


async def locked_up(store, raw=RAW, **fields):
    message = Message(
        channel="email",
        direction="in",
        state=MessageState.QUARANTINED,
        author_type="customer",
        identity="email:eve@example.org",
        subject="Hello",
        attempts=3,
        failure="read: ValueError: no end in sight",
        raw_blob=await store.blobs.put(raw),
        ingest_key=clock.new_id(),
        **fields,
    )
    async with store.transaction() as uow:
        uow.session.add(message)
    return message.id


async def test_the_list_gives_reason_and_the_rail_the_count(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    await locked_up(building.store)
    assert "no end in sight" in (await sue.get("/quarantine")).page
    assert ">1<" in (await sue.get("/quarantine/count")).page
    assert 'id="quarantine-count"' in (await sue.get("/board")).page


async def test_an_empty_quarantine_says_so_and_has_no_badge(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    assert "Nothing is in quarantine" in (await sue.get("/quarantine")).page
    assert "badge" not in (await sue.get("/quarantine/count")).page


async def test_the_source_is_text_with_its_invisible_characters_made_visible(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    page = (await sue.get(f"/quarantine/{await locked_up(building.store)}")).page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\u2400" in page
    assert "⟨U+202E⟩evil" in page


async def test_a_long_source_is_cut_and_whole_in_the_download(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    raw = b"Subject: long\r\n\r\n" + b"x" * 200_000 + b"THE END"
    message_id = await locked_up(building.store, raw)
    assert "THE END" not in (await sue.get(f"/quarantine/{message_id}")).page
    whole = await sue.get(f"/messages/{message_id}/raw")
    assert whole.page.endswith("THE END")
    assert whole.headers["Content-Disposition"].startswith("attachment")


async def test_run_again_puts_the_message_back_with_fresh_tries(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    message_id = await locked_up(building.store)
    answer = await sue.post(f"/quarantine/{message_id}/run-again")
    async with building.store.read() as uow:
        message = await uow.session.get(Message, message_id)
    assert (answer.status, answer.headers["Location"]) == (303, "/quarantine?done=again")
    assert (message.state, message.attempts) == (MessageState.WAITING, 0)
    assert (await sue.post(f"/quarantine/{message_id}/run-again")).status == 404


async def test_agents_see_and_run_again_what_came_to_their_queues(building):
    ann = await building.person("ann", queues=("service",))
    mine = await locked_up(building.store, envelope={"queue": "service"})
    foreign = await locked_up(building.store, envelope={"queue": "billing"})
    page = (await ann.get("/quarantine")).page
    assert f"/quarantine/{mine}" in page
    assert foreign not in page
    assert [(await ann.get(f"/quarantine/{one}")).status for one in (mine, foreign)] == [200, 404]
    assert [(await ann.get(f"/messages/{one}/raw")).status for one in (mine, foreign)] == [200, 404]
    assert [(await ann.post(f"/quarantine/{one}/run-again")).status for one in (foreign, mine)] == [404, 303]


async def test_senders_are_blocked_and_unblocked_on_their_own_page(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    answer = await sue.post("/quarantine/senders", {"sender": "evil.example", "reason": "<b>spam</b>"})
    assert (answer.status, answer.headers["Location"]) == (303, "/quarantine/senders?done=blocked")
    page = (await sue.get("/quarantine/senders?done=blocked")).page
    assert "evil.example" in page
    assert "&lt;b&gt;spam" in page
    blocked = re.search(r"/quarantine/senders/([^/]+)/unblock", page)[1]
    assert (await sue.post(f"/quarantine/senders/{blocked}/unblock")).status == 303
    assert "Nobody is blocked" in (await sue.get("/quarantine/senders")).page


async def test_an_agent_blocks_an_address_but_no_domain(building):
    ann = await building.person("ann")
    assert (await ann.post("/quarantine/senders", {"sender": "evil.example"})).status == 403
    assert (await ann.post("/quarantine/senders", {"sender": "eve@evil.example"})).status == 303


async def test_mail_of_a_blocked_sender_has_a_tab_of_its_own(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    message_id = await locked_up(building.store)
    async with building.store.transaction() as uow:
        (await uow.session.get(Message, message_id)).state = MessageState.BLOCKED
    assert message_id not in (await sue.get("/quarantine")).page
    assert message_id in (await sue.get("/quarantine?tab=blocked")).page
    assert "Its sender is blocked" in (await sue.get(f"/quarantine/{message_id}")).page
    answer = await sue.post(f"/quarantine/{message_id}/run-again")
    assert answer.headers["Location"] == "/quarantine?tab=blocked&done=again"
