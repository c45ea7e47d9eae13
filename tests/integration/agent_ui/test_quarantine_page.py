"""The quarantine's pages: seen by supervisors, shown as text, run again on command."""

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
