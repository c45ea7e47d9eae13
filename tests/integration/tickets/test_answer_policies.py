"""A category's way from shipped over shadow to on and back: what proves it, what ends it, who is told."""

import asyncio

import pytest

from contactcenter.errors import Conflict, Forbidden, InvalidInput, NotFound
from contactcenter.tickets.automation import control
from contactcenter.tickets.automation.policies import Wish, list_policies, locked_policy, set_policy
from contactcenter.tickets.automation.records import State, Verdict
from tests.integration.tickets.automation import PAIR, automation, mails_to_staff


@pytest.fixture
async def desk(store):
    return await automation(store)


async def test_every_category_is_as_shipped_in_both_languages(store, desk):
    async with store.read() as uow:
        found = await list_policies(uow)
    assert len(found) == 2 * 26
    assert {(one.state, one.target_error, one.confidence, one.audit_rate) for one in found} == {
        (State.SHIPPED, 0.02, 0.95, 0.05)
    }


async def test_nothing_is_switched_on_without_a_proof(desk):
    with pytest.raises(Conflict, match="proven"):
        await desk.set(state=State.ON)
    await desk.set(state=State.SHADOW)
    await desk.judged(control.look_size(await desk.policy()) - 1)
    with pytest.raises(Conflict, match="proven"):
        await desk.set(state=State.ON)


async def test_judged_answers_in_shadow_prove_a_threshold_that_a_supervisor_switches_on(desk):
    policy = await desk.proven()
    assert (policy.state, policy.threshold, policy.proof["errors"]) == (State.ON, 0.97, 0)
    assert policy.proof["bound"] < 0.02
    assert policy.proposal is None


async def test_too_many_wrong_answers_prove_nothing_and_the_next_look_waits_for_twice_as_many(desk):
    await desk.set(state=State.SHADOW)
    size = control.look_size(await desk.policy())
    await desk.decided(20, verdict="wrong")
    await desk.judged(size - 20)
    policy = await desk.policy()
    assert (policy.proposal, policy.looks, control.look_size(policy)) == (None, 1, 2 * size)


async def test_a_look_waits_for_the_first_answers_drawn_whoever_is_judged_first(desk):
    await desk.set(state=State.SHADOW)
    (early,) = await desk.decided(1)
    await desk.judged(control.look_size(await desk.policy()))
    assert (await desk.policy()).looks == 0
    await desk.judge(early)
    assert (await desk.policy()).looks == 1


async def test_who_is_unsure_did_not_find_it_right(desk):
    await desk.set(state=State.SHADOW)
    await desk.judged(control.look_size(await desk.policy()), Verdict.UNSURE)
    assert (await desk.policy()).proposal is None


async def test_a_category_as_shipped_goes_on_by_itself_at_the_threshold_it_proved(desk):
    await desk.judged(control.look_size(await desk.policy()))
    policy = await desk.policy()
    assert (policy.state, policy.threshold) == (State.ON, 0.97)


async def test_wrong_answers_put_it_into_shadow_once_and_all_supervisors_are_told(store, desk):
    await desk.proven()
    ids = await desk.decided(6)
    await asyncio.gather(*(desk.judge(name, Verdict.WRONG) for name in ids))
    policy = await desk.policy()
    assert (policy.state, policy.attention, policy.threshold) == (State.SHADOW, "error", None)
    assert [one.now["attention"] for one in await desk.changes() if one.now.get("attention")] == ["error"]
    async with store.read() as uow:
        assert await mails_to_staff(uow) == 1  # sue; agents have no say in it


async def test_it_stays_in_shadow_until_it_is_proven_anew_and_a_person_takes_note(desk):
    await desk.proven()
    for name in await desk.decided(4):
        await desk.judge(name, Verdict.WRONG)
    with pytest.raises(Conflict):
        await desk.set(state=State.ON)
    seen = await desk.set(reason="looking into it")
    assert (seen.state, seen.attention) == (State.SHADOW, "")


async def test_the_shipped_threshold_is_no_way_round_a_promise_that_was_broken(desk):
    await desk.set(state=State.OFF)
    assert (await desk.set(state=State.SHIPPED)).state == State.SHIPPED
    for name in await desk.decided(4):
        await desk.judge(name, Verdict.WRONG)
    with pytest.raises(Conflict, match="took this category back"):
        await desk.set(state=State.SHIPPED)


async def test_as_shipped_wrong_answers_end_it_too(desk):
    for name in await desk.decided(4):
        await desk.judge(name, Verdict.WRONG)
    assert (await desk.policy()).state == State.SHADOW


async def test_verdicts_of_an_earlier_epoch_say_nothing_about_the_present_one(desk):
    old = await desk.decided(6)
    await desk.proven()
    for name in old:
        await desk.judge(name, Verdict.WRONG)
    assert (await desk.policy()).state == State.ON


async def test_what_nobody_drew_cannot_be_judged(desk):
    (name,) = await desk.decided(1, drawn=False)
    with pytest.raises(NotFound):
        await desk.judge(name)


async def test_a_population_that_moved_puts_it_into_shadow(desk):
    await desk.proven()
    await desk.decided(control.WINDOW, score=0.2, drawn=False)
    await desk.watch()
    policy = await desk.policy()
    assert (policy.state, policy.attention) == (State.SHADOW, "drift")


async def test_a_population_that_stayed_is_compared_window_by_window(desk):
    await desk.proven()
    await desk.decided(2 * control.WINDOW + 10, drawn=False)
    await desk.watch()
    policy = await desk.policy()
    assert (policy.state, policy.drift["windows"]) == (State.ON, 2)


@pytest.mark.parametrize(("days", "state"), [(13, State.ON), (15, State.SHADOW)])
async def test_audits_that_nobody_judges_end_the_promise(desk, days, state):
    await desk.proven()
    await desk.decided(1, days_ago=days)
    await desk.watch()
    await desk.watch()
    assert (await desk.policy()).state == state
    assert sum(one.now.get("attention") == "audits" for one in await desk.changes()) == (state is State.SHADOW)


async def test_another_model_ends_it_too(desk):
    await desk.proven()
    await desk.decided(1, model="another", action="shadow", drawn=False)
    await desk.watch()
    assert (await desk.policy()).attention == "model"


@pytest.mark.parametrize("wish", [{"target_error": 0.01}, {"confidence": 0.99}])
async def test_a_stricter_promise_has_to_be_proven_anew(desk, wish):
    await desk.proven()
    policy = await desk.set(**wish)
    assert (policy.state, policy.threshold) == (State.SHADOW, None)


async def test_a_laxer_promise_is_kept_by_the_same_threshold(desk):
    await desk.proven()
    policy = await desk.set(target_error=0.05)
    assert (policy.state, policy.threshold) == (State.ON, 0.97)


async def test_a_paused_category_goes_on_with_the_threshold_it_proved(desk):
    await desk.proven()
    await desk.set(state=State.OFF)
    assert (await desk.set(state=State.ON)).threshold == 0.97


async def test_who_changed_what_is_kept_and_nothing_new_is_no_change(desk):
    await desk.set(state=State.SHADOW, target_error=0.03, reason="we try it")
    await desk.set(state=State.SHADOW, target_error=0.03, reason="once more")
    (change,) = await desk.changes()
    assert (change.agent_id, change.reason) == (desk.supervisor.agent_id, "we try it")
    assert (change.was, change.now) == (
        {"state": "shipped", "target_error": 0.02},
        {"state": "shadow", "target_error": 0.03},
    )


async def test_agents_change_nothing_and_stale_versions_are_refused(desk):
    with pytest.raises(Forbidden):
        await desk.set(desk.agent, state=State.OFF)
    await desk.set(state=State.OFF)
    with pytest.raises(Conflict, match="changed"):
        await desk.set(state=State.SHADOW, version=1)


@pytest.mark.parametrize("wish", [{"target_error": 0.5}, {"confidence": 0.5}, {"audit_rate": 0.0}, {"shadow_rate": 2}])
async def test_promises_that_cannot_be_kept_or_checked_are_refused(desk, wish):
    with pytest.raises(InvalidInput):
        await desk.set(**wish)


@pytest.mark.parametrize("pair", [("refund", "fr"), ("nothing", "en"), ("\x00", "en")])
async def test_there_are_policies_for_known_categories_and_languages_alone(store, desk, pair):
    async with store.transaction() as uow:
        with pytest.raises(NotFound):
            await set_policy(uow, desk.supervisor, *pair, Wish(state=State.OFF))


async def test_two_who_make_a_policy_at_once_make_one(store, desk):
    async def once():
        async with store.transaction() as uow:
            return (await locked_policy(uow, *PAIR)).version

    assert await asyncio.gather(once(), once(), once()) == [1, 1, 1]
