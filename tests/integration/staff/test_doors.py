"""Sign-in, sessions, links and tokens: who gets in, who does not, and what ends a session."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Conflict, Forbidden, InvalidInput, NotFound, RateLimited, Unauthenticated
from contactcenter.staff import agents, links, sessions, tokens
from contactcenter.staff.access import MACHINE, Role
from contactcenter.staff.records import Agent, AgentSession, ApiToken, Attempt, OneTimeLink
from tests.integration.office import PASSWORD, counted, hire

NEW = "another long secret"


async def sign_in(store, email="ann@desk.example", password=PASSWORD, peer="192.0.2.1"):
    async with store.transaction() as uow:
        return await sessions.sign_in(uow, email, password, peer=peer, user_agent="test")


async def resolve(store, token):
    async with store.transaction() as uow:
        return await sessions.resolve(uow, token)


async def test_a_session_knows_its_agent_his_queues_and_a_secret_for_forms(store):
    ann = await hire(store, queues=["service"], password=PASSWORD)
    signed = await sign_in(store, " Ann@Desk.example ")
    with counted(store) as statements:
        session = await resolve(store, signed.token)
    assert session.actor == ann
    assert session.csrf == signed.csrf
    assert sessions.same_csrf(session.csrf, signed.csrf)
    assert not sessions.same_csrf("", "")
    assert len(statements) == 1


async def test_only_a_hash_of_the_cookie_is_kept_and_each_sign_in_has_its_own(store):
    await hire(store, password=PASSWORD)
    first, second = await sign_in(store), await sign_in(store)
    assert first.token != second.token
    async with store.read() as uow:
        kept = (await uow.session.scalars(select(col(AgentSession.token_hash)))).all()
    assert len(kept) == 2
    assert first.token not in kept


@pytest.mark.parametrize(
    ("email", "password"), [("ann@desk.example", "wrong"), ("nobody@desk.example", PASSWORD), ("", "")]
)
async def test_a_wrong_password_and_an_unknown_address_look_alike(store, email, password):
    await hire(store, password=PASSWORD)
    with pytest.raises(Unauthenticated) as refused:
        await sign_in(store, email, password)
    assert str(refused.value) == "the address or the password is not right"


async def test_an_agent_without_a_password_or_disabled_does_not_get_in(store):
    await hire(store, "boss", Role.ADMIN, password=PASSWORD)
    await hire(store, "invited")
    gone = await hire(store, "gone", password=PASSWORD)
    async with store.transaction() as uow:
        await agents.disable(uow, MACHINE, gone.agent_id)
    for name in ("invited", "gone"):
        with pytest.raises(Unauthenticated):
            await sign_in(store, f"{name}@desk.example", PASSWORD if name == "gone" else "")


async def test_five_failures_close_the_account_for_a_while_even_to_the_right_password(store):
    await hire(store, password=PASSWORD)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await sign_in(store, password="wrong")
    with pytest.raises(RateLimited) as refused:
        await sign_in(store)
    assert 0 < refused.value.retry_after <= 15 * 60 + 1
    await past(store, timedelta(minutes=16))
    assert (await sign_in(store)).token


async def past(store, ago: timedelta) -> None:
    """Let the tries lie further back."""
    async with store.transaction() as uow:
        await uow.session.execute(update(Attempt).values(at=clock.now() - ago))


async def test_many_wrong_guesses_at_once_are_not_more_than_five(store):
    await hire(store, password=PASSWORD)
    tried = await asyncio.gather(*(sign_in(store, password="wrong") for _ in range(12)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in tried) == ["RateLimited"] * 7 + ["Unauthenticated"] * 5


async def test_twenty_failures_close_the_door_to_a_peer_only(store):
    await hire(store, password=PASSWORD)
    for index in range(20):
        with pytest.raises(Unauthenticated):
            await sign_in(store, f"guess{index}@desk.example")
    with pytest.raises(RateLimited):
        await sign_in(store)
    assert (await sign_in(store, peer="198.51.100.7")).token


async def test_who_gets_in_may_do_so_as_often_as_he_likes(store):
    await hire(store, password=PASSWORD)
    for _ in range(8):
        await sign_in(store)
    async with store.read() as uow:
        assert await uow.session.scalar(select(Attempt)) is None


async def test_a_session_slides_and_ends(store):
    await hire(store, password=PASSWORD)
    token = (await sign_in(store)).token
    async with store.transaction() as uow:
        earlier = clock.now() - timedelta(hours=2)
        await uow.session.execute(update(AgentSession).values(seen_at=earlier, expires_at=earlier + sessions.LIFETIME))
    assert await resolve(store, token) is not None
    async with store.transaction() as uow:
        assert await uow.session.scalar(select(col(AgentSession.expires_at))) > clock.now() + timedelta(hours=11)
        await uow.session.execute(update(AgentSession).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert await resolve(store, token) is None


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "%", "'" * 40, "x" * 5000])
async def test_a_cookie_that_is_none_of_ours_is_nobody(store, token):
    assert await resolve(store, token) is None


async def test_signing_out_and_disabling_end_sessions(store):
    await hire(store, "boss", Role.ADMIN)
    ann = await hire(store, password=PASSWORD)
    first, second, third = [(await sign_in(store)).token for _ in range(3)]
    async with store.transaction() as uow:
        await sessions.sign_out(uow, first)
    assert [bool(await resolve(store, token)) for token in (first, second)] == [False, True]
    async with store.transaction() as uow:
        await agents.disable(uow, MACHINE, ann.agent_id)
    assert [await resolve(store, token) for token in (second, third)] == [None, None]


async def test_a_changed_password_ends_every_session(store):
    ann = await hire(store, password=PASSWORD)
    token = (await sign_in(store)).token
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput):
            await agents.change_password(uow, ann, "wrong", NEW)
        await agents.change_password(uow, ann, PASSWORD, NEW)
    assert await resolve(store, token) is None
    assert (await sign_in(store, password=NEW)).token


async def link(store, ann, purpose="reset", hours=1.0):
    async with store.transaction() as uow:
        return await links.create_link(uow, ann.agent_id, purpose, hours)


async def test_a_link_sets_the_password_once_and_ends_sessions(store):
    ann = await hire(store, password=PASSWORD)
    session, token = (await sign_in(store)).token, await link(store, ann)
    async with store.transaction() as uow:
        assert (await links.use_link(uow, token, NEW)).id == ann.agent_id
    assert await resolve(store, session) is None
    assert (await sign_in(store, password=NEW)).agent.id == ann.agent_id
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput) as refused:
            await links.use_link(uow, token, NEW)
    assert refused.value.field == "token"


@pytest.mark.parametrize("token", ["", "%", "*", "_", "123456", "[]", "a" * 43, "\x00"])
async def test_a_token_that_is_guessed_opens_nothing(store, token):
    await link(store, await hire(store))
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput):
            await links.use_link(uow, token, NEW)


async def test_an_old_an_expired_and_a_disabled_agents_link_open_nothing(store):
    await hire(store, "boss", Role.ADMIN)
    ann, bob = await hire(store), await hire(store, "bob")
    old = await link(store, ann)
    await link(store, ann)
    expired, closed = await link(store, bob, "invite", hours=-1), await link(store, bob)
    async with store.transaction() as uow:
        await agents.disable(uow, MACHINE, bob.agent_id)
        for token in (old, expired, closed):
            with pytest.raises(InvalidInput):
                await links.use_link(uow, token, NEW)


async def test_a_short_password_does_not_use_the_link_up(store):
    token = await link(store, await hire(store))
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput) as refused:
            await links.use_link(uow, token, "short")
        assert refused.value.field == "password"
        assert (await links.use_link(uow, token, NEW)).email == "ann@desk.example"


async def test_of_two_who_use_a_link_at_once_one_wins(store):
    token = await link(store, await hire(store))

    async def use(password):
        async with store.transaction() as uow:
            return await links.use_link(uow, token, password)

    done = await asyncio.gather(use(NEW), use(PASSWORD), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Agent", "InvalidInput"]


async def test_a_reset_for_a_stranger_is_quietly_none_and_both_are_limited(store):
    await hire(store)
    for email in ("ann@desk.example", "stranger@desk.example"):
        async with store.transaction() as uow:
            answer = await links.request_reset(uow, email, "192.0.2.1")
            assert (answer is not None) == email.startswith("ann")
        for _ in range(4):
            async with store.transaction() as uow:
                await links.request_reset(uow, email, "192.0.2.1")
        with pytest.raises(RateLimited):
            async with store.transaction() as uow:
                await links.request_reset(uow, email, "192.0.2.1")
    async with store.read() as uow:
        links_left = (await uow.session.scalars(select(OneTimeLink).where(col(OneTimeLink.used_at).is_(None)))).all()
        assert len(links_left) == 1


async def test_a_program_acts_by_its_token_until_it_is_revoked(store):
    ann = await hire(store, queues=["service"])
    async with store.transaction() as uow:
        secret = await tokens.create_token(uow, ann.agent_id, "shop")
    assert secret.startswith("cc_")
    async with store.transaction() as uow:
        actor = await tokens.resolve_token(uow, secret)
        assert (actor.agent_id, actor.via, actor.queue_ids) == (ann.agent_id, "api", ann.queue_ids)
        (row,) = await tokens.list_tokens(uow)
        assert row.token.used_at is not None
        assert secret not in (row.token.token_hash, row.token.name)
        await tokens.revoke(uow, row.token.id)
        assert await tokens.resolve_token(uow, secret) is None
        with pytest.raises(NotFound):
            await tokens.revoke(uow, row.token.id)


@pytest.mark.parametrize("secret", ["", "cc_", "cc_x", "Bearer", "cc_" + "x" * 200])
async def test_a_guessed_token_is_nobody(store, secret):
    async with store.transaction() as uow:
        assert await tokens.resolve_token(uow, secret) is None


async def test_a_program_of_its_own_cannot_sign_in(store):
    async with store.transaction() as uow:
        secret = await tokens.create_program_token(uow, "shop", Role.SUPERVISOR)
        actor = await tokens.resolve_token(uow, secret)
        assert (actor.name, actor.role) == ("shop", Role.SUPERVISOR)
        assert await uow.session.scalar(select(col(Agent.password_hash))) == ""
        assert await uow.session.scalar(select(col(ApiToken.name))) == "shop"


async def test_only_administrators_change_agents_and_the_last_one_stays(store):
    ann, boss = await hire(store), await hire(store, "boss", Role.ADMIN)
    async with store.transaction() as uow:
        for change in (
            agents.update_agent(uow, ann, ann.agent_id, role=Role.ADMIN),
            agents.disable(uow, ann, boss.agent_id),
            agents.set_queues(uow, ann, ann.agent_id, []),
        ):
            with pytest.raises(Forbidden):
                await change
        with pytest.raises(Conflict):
            await agents.disable(uow, boss, boss.agent_id)
        with pytest.raises(Conflict):
            await agents.update_agent(uow, boss, boss.agent_id, role=Role.AGENT)
        await agents.update_agent(uow, boss, ann.agent_id, role=Role.ADMIN, name="Ann Lee")
        assert (await agents.disable(uow, boss, boss.agent_id)).active is False


@pytest.mark.parametrize("email", ["", "ann", "a b@c.d", "a@b@c", "a@b.c\r\nX: y", "x" * 300 + "@a.b"])
async def test_an_address_that_is_none_makes_no_agent(store, email):
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput):
            await agents.create_agent(uow, email=email, name="x")


async def test_an_address_belongs_to_one_agent(store):
    await hire(store)
    async with store.transaction() as uow:
        with pytest.raises(Conflict):
            await agents.create_agent(uow, email="ANN@desk.example", name="x")


async def test_queues_are_given_and_taken(store):
    ann = await hire(store, queues=["service", "claims"])
    async with store.transaction() as uow:
        await agents.set_queues(uow, MACHINE, ann.agent_id, [min(ann.queue_ids)])
        assert len((await agents.actor_of(uow, ann.agent_id)).queue_ids) == 1
        assert (await agents.queues_by_agent(uow))[ann.agent_id] == frozenset([min(ann.queue_ids)])
        for wrong in ("x", clock.new_id()):
            with pytest.raises(InvalidInput):
                await agents.set_queues(uow, MACHINE, ann.agent_id, [wrong])


async def test_preferences_are_checked(store):
    ann = await hire(store)
    async with store.transaction() as uow:
        changed = await agents.set_preferences(uow, ann, language="zh", theme="dark", signature="Ann")
        assert (changed.language, changed.theme, changed.signature) == ("zh", "dark", "Ann")
        await agents.set_availability(uow, ann, "online")
        for wrong in ({"language": "de"}, {"theme": "pink"}):
            with pytest.raises(InvalidInput):
                await agents.set_preferences(uow, ann, **wrong)
        with pytest.raises(InvalidInput):
            await agents.set_availability(uow, ann, "asleep")
    async with store.read() as uow:
        assert (await agents.get_agent(uow, ann.agent_id)).availability == "online"
