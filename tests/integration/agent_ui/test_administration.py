"""Administration: what each form changes, and what it never shows again."""

import re

from contactcenter.staff import agents, tokens
from contactcenter.staff.access import Role
from contactcenter.tickets import canned, mailboxes, queues
from contactcenter.tickets.seeds import seed_defaults


async def seeded(building):
    async with building.store.transaction() as uow:
        await seed_defaults(uow, building.settings)
        return {queue.key: queue.id for queue in await queues.list_queues(uow)}


async def test_an_invited_agent_gets_a_link_and_the_chosen_queues(building):
    ids = await seeded(building)
    boss = await building.person("boss", Role.ADMIN)
    fields = {"email": "New@Desk.Example", "name": "Newton", "role": "agent", "language": "en", "queues": ids["claims"]}
    assert (await boss.post("/admin/agents/new", fields)).status == 303
    (mail,) = await building.mails()
    async with building.store.read() as uow:
        agent = await agents.find_agent(uow, "new@desk.example")
        worked = (await agents.queues_by_agent(uow))[agent.id]
    assert mail["to"] == "new@desk.example"
    assert "http://desk.example/password/" in mail["text"]
    assert worked == {ids["claims"]}


async def test_an_address_that_is_taken_is_said_and_nothing_is_mailed(building):
    boss = await building.person("boss", Role.ADMIN)
    answer = await boss.post("/admin/agents/new", {"email": "boss@desk.example", "role": "agent", "language": "en"})
    assert answer.status == 409
    assert "There is an agent with this address already" in answer.page
    assert await building.mails() == []


async def test_disabling_an_agent_ends_his_sessions_and_can_be_taken_back(building):
    boss, ann = await building.person("boss", Role.ADMIN), await building.person("ann")
    await boss.post(f"/admin/agents/{ann.actor.agent_id}/disable")
    assert (await ann.get("/board")).status == 303
    await boss.post(f"/admin/agents/{ann.actor.agent_id}/enable")
    async with building.store.read() as uow:
        assert (await agents.get_agent(uow, ann.actor.agent_id)).active


async def test_the_last_administrator_stays(building):
    boss = await building.person("boss", Role.ADMIN)
    path = f"/admin/agents/{boss.actor.agent_id}"
    demoted = await boss.post(path, {"email": "boss@desk.example", "name": "Boss", "role": "agent", "language": "en"})
    disabled = await boss.post(f"{path}/disable")
    assert (demoted.status, disabled.status) == (409, 409)
    assert "This is the last administrator" in demoted.page


async def test_a_form_may_not_bring_more_than_its_fields(building):
    boss = await building.person("boss", Role.ADMIN)
    fields = {
        "email": "x@desk.example",
        "role": "agent",
        "language": "en",
        "password_hash": "x",
        "active": "",
        "id": "1",
    }
    await boss.post("/admin/agents/new", fields)
    async with building.store.read() as uow:
        agent = await agents.find_agent(uow, "x@desk.example")
    assert (agent.password_hash, agent.active) == ("", True)


async def test_a_queue_is_made_renamed_and_staffed(building):
    boss, ann = await building.person("boss", Role.ADMIN), await building.person("ann")
    await boss.post("/admin/queues/new", {"key": "vip", "name": "VIP", "name_zh": "贵宾"})
    async with building.store.read() as uow:
        queue = await queues.get_queue(uow, "vip")
    await boss.post(
        f"/admin/queues/{queue.id}", {"name": "Very important", "name_zh": "贵宾", "agents": ann.actor.agent_id}
    )
    async with building.store.read() as uow:
        assert (await queues.get_queue(uow, "vip")).name == "Very important"
        assert [agent.id for agent in (await queues.members(uow))[queue.id]] == [ann.actor.agent_id]


async def test_a_queue_in_use_is_not_removed(building):
    ids = await seeded(building)
    boss = await building.person("boss", Role.ADMIN)
    answer = await boss.post(f"/admin/queues/{ids['claims']}/delete")
    assert answer.status == 409
    assert "The queue is in use" in answer.page


async def test_categories_lead_where_the_table_says(building):
    ids = await seeded(building)
    boss = await building.person("boss", Role.ADMIN)
    await boss.post("/admin/categories", {"queue.quote": ids["billing"], "queue.refund": "", "auto.refund": "on"})
    async with building.store.read() as uow:
        found = {topic.key: (topic.queue_id, topic.auto_answer) for topic in await queues.list_categories(uow)}
    assert found["quote"] == (ids["billing"], False)
    assert found["refund"] == (None, True)
    assert found["coverage"] == (ids["service"], True)


async def test_a_mailbox_is_kept_with_its_account_sealed(building):
    await seeded(building)
    boss = await building.person("boss", Role.ADMIN)
    account = {
        "fetch": "imap",
        "host": "imap.example.com",
        "port": "993",
        "tls": "on",
        "user": "u",
        "password": "s3cret!",
    }
    answer = await boss.post(
        "/admin/mailboxes/new", {"address": "a@desk.example", "name": "A", "queue": "service", **account}
    )
    assert answer.status == 303
    async with building.store.read() as uow:
        (box,) = await mailboxes.fetched_mailboxes(uow, building.store.secrets)
        (row,) = await mailboxes.list_mailboxes(uow, building.settings)
    assert (box.imap.host, box.imap.password.get_secret_value(), row.has_imap) == ("imap.example.com", "s3cret!", True)
    assert "s3cret!" not in (await boss.get("/admin/mailboxes")).page


async def test_a_wrong_account_is_said_beside_its_field_without_the_password(building):
    await seeded(building)
    boss = await building.person("boss", Role.ADMIN)
    account = {"fetch": "imap", "host": "http://x/", "port": "993", "user": "u", "password": "s3cret!"}
    answer = await boss.post("/admin/mailboxes/new", {"address": "a@desk.example", "queue": "service", **account})
    assert answer.status == 400
    assert 'id="host-fault"' in answer.page
    assert "s3cret!" not in answer.page


async def test_prepared_answers_are_written_by_supervisors_and_shown_filled_in(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    fields = {"shortcut": "hello", "language": "en", "title": "Hello", "text": "Dear {{ customer.name }}, {{7*7}}"}
    assert (await sue.post("/admin/answers/new", fields)).status == 303
    assert (await sue.post("/admin/answers/new", fields)).status == 409
    preview = (await sue.post("/admin/answers/preview", fields)).page
    assert "Dear Li Wei, {{7*7}}" in preview
    async with building.store.read() as uow:
        assert [answer.shortcut for answer in await canned.list_canned(uow)] == ["hello"]


async def test_a_tokens_secret_is_shown_once(building):
    boss = await building.person("boss", Role.ADMIN)
    made = await boss.post("/admin/tokens", {"name": "shop", "acts_as": "supervisor"})
    secret = re.search(r"cc_[\w-]+", made.page)[0]
    assert made.headers["Cache-Control"] == "no-store"
    assert secret not in (await boss.get("/admin/tokens")).page
    async with building.store.transaction() as uow:
        actor = await tokens.resolve_token(uow, secret)
    assert (actor.name, actor.role) == ("shop", Role.SUPERVISOR)


async def test_a_revoked_token_no_longer_works(building):
    boss = await building.person("boss", Role.ADMIN)
    secret = re.search(r"cc_[\w-]+", (await boss.post("/admin/tokens", {"name": "shop", "acts_as": "own"})).page)[0]
    async with building.store.read() as uow:
        (row,) = await tokens.list_tokens(uow)
    await boss.post(f"/admin/tokens/{row.token.id}/revoke")
    async with building.store.transaction() as uow:
        assert await tokens.resolve_token(uow, secret) is None


async def test_supervisors_look_at_queues_and_categories_and_change_nothing(building):
    await seeded(building)
    sue = await building.person("sue", Role.SUPERVISOR)
    assert (await sue.get("/admin")).headers["Location"] == "/admin/queues"
    assert (await sue.get("/admin/queues")).status == 200
    page = (await sue.get("/admin/categories")).page
    assert "disabled" in page
    assert (await sue.post("/admin/categories", {"queue.quote": ""})).status == 403


async def test_a_new_administrator_meets_the_first_steps(building):
    boss = await building.person("boss", Role.ADMIN)
    page = (await boss.get("/admin")).page
    assert 'href="/admin/mailboxes/new"' in page
    assert 'href="/admin/agents/new"' in page
    assert "http://desk.example/widget.js" in page


async def test_a_queue_gets_a_sender_and_signatures_and_a_wrong_one_is_shown_again(building):
    boss = await building.person("boss", Role.ADMIN)
    await boss.post("/admin/queues/new", {"key": "vip", "name": "VIP", "name_zh": "贵宾"})
    async with building.store.read() as uow:
        queue = await queues.get_queue(uow, "vip")
    fields = {"name": "VIP", "signature": "{{ agent.name }}", "sender_name": "VIP", "sender_address": ""}
    await boss.post(f"/admin/queues/{queue.id}", fields)
    wrong = await boss.post(f"/admin/queues/{queue.id}", fields | {"signature": "{{ secret }}", "sender_name": "X"})
    assert wrong.status == 400
    assert "The variables are" in wrong.page
    assert "{{ secret }}" in wrong.page
    async with building.store.read() as uow:
        stored = await queues.get_queue(uow, "vip")
    assert (stored.signature, stored.sender_name) == ("{{ agent.name }}", "VIP")


async def test_an_agent_writes_his_own_signature(building):
    ann = await building.person("ann")
    assert (await ann.get("/preferences/signature")).status == 200
    await ann.post("/preferences", {"signature": "Ann & crew"})
    assert "Ann &amp; crew</textarea>" in (await ann.get("/preferences/signature")).page
