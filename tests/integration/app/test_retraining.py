"""A model learns from corrections, behind a gate, and the service takes it up."""

import shutil
from collections import Counter

import pytest

from contactcenter.app.learning_jobs import LearningJobs
from contactcenter.app.live_model import LiveModel
from contactcenter.app.replay import replay
from contactcenter.app.retraining import Order, retrain, roll_back
from contactcenter.errors import InvalidInput, ModelError
from contactcenter.settings import Settings
from contactcenter.store.jobs import jobs_app
from contactcenter.tickets.feedback import labelled
from contactcenter.tickets.model_history import list_changes
from contactcenter.triage import places
from contactcenter.triage.assessment import TriageInput
from tests.integration.app.learning import NEW_WORDS, WORDS, live, say, texts, ticketed, train_live
from tests.integration.office import hire


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train_live(folder)
    return folder


@pytest.fixture
async def settings(store, tmp_path, models):
    shutil.copytree(models, tmp_path / "models")
    return Settings(data=tmp_path, triage={"model": "small"})


@pytest.fixture
async def people(store):
    """So many that nobody's words of a day are cut down to a random sample."""
    return [await hire(store, name) for name in ("ann", "bob", "cyd", "dan", "eve")]


async def corrected(store, settings, people, count=150):
    """Tickets about things the model never heard of; people say they are what it said least often."""
    messages = await ticketed(store, settings, texts(NEW_WORDS, count))
    said = Counter(message.assessment["category"]["label"] for message in messages)
    await say(store, people, messages, min(WORDS, key=lambda category: said[category]))
    return messages


async def test_what_people_agree_on_is_learnt_published_and_taken_up_without_a_restart(store, settings, people):
    service = LiveModel("small", settings.data)
    asked = [TriageInput(message.visible_text) for message in await corrected(store, settings, people)]
    before = service.assess(asked)
    outcome = await retrain(store, settings)
    assert (outcome.published, outcome.reasons) == (True, ())
    after = service.assess(asked)
    assert {one.model for one in before} == {f"small@{outcome.live}"}
    assert {one.model for one in after} == {f"small@{outcome.candidate}"}
    async with store.read() as uow:
        label = {said.label for said in await labelled(uow)}.pop()
    right = [sum(one.category.label == label for one in assessments) for assessments in (before, after)]
    assert right[0] < 75 < 140 < right[1]


async def test_one_command_goes_back_and_forth(store, settings, people):
    await corrected(store, settings, people)
    outcome = await retrain(store, settings)
    assert (await roll_back(store, settings, actor_id=people[0].agent_id)).live == outcome.live
    assert live(settings).version == outcome.live
    assert (await roll_back(store, settings)).live == outcome.candidate
    async with store.read() as uow:
        changes = await list_changes(uow)
    assert [one.kind for one in changes] == ["rolled-back", "rolled-back", "published"]
    assert changes[1].agent_id == people[0].agent_id
    assert changes[2].figures["learnt"] == outcome.learnt


async def test_a_dry_run_changes_nothing_and_leaves_nothing(store, settings, people):
    await corrected(store, settings, people)
    before = sorted(path.name for path in (settings.data / "models").iterdir())
    outcome = await retrain(store, settings, order=Order.DRY_RUN)
    assert (outcome.published, live(settings).version) == (False, outcome.live)
    assert sorted(path.name for path in (settings.data / "models").iterdir()) == before
    async with store.read() as uow:
        assert await list_changes(uow) == []


async def test_one_persons_word_alone_publishes_only_by_order(store, settings, people):
    await corrected(store, settings, people[:1])
    refused = await retrain(store, settings)
    assert not refused.published
    assert any("only" in reason for reason in refused.reasons)
    assert (await retrain(store, settings, order=Order.PUBLISH)).published
    async with store.read() as uow:
        assert [one.kind for one in await list_changes(uow)] == ["published", "refused"]


async def test_without_a_word_of_anybody_nothing_is_trained(store, settings):
    outcome = await retrain(store, settings)
    assert (outcome.published, outcome.candidate) == (False, "")
    with pytest.raises(ModelError, match="no earlier"):
        await roll_back(store, settings)


async def test_the_replay_names_the_tickets_that_would_go_elsewhere(store, settings, people):
    messages = await corrected(store, settings, people)
    outcome = await retrain(store, settings)
    assert outcome.reasons == ()
    found = await replay(store, live(settings), 30)
    assert found.tickets == found.corrected == len(messages)
    assert found.agreed > found.agreed_before
    assert found.other_category == sum(found.ways.values()) == found.agreed - found.agreed_before
    assert outcome.replay.to_json() == found.to_json()
    assert len({one.would_be for one in found.moved}) == 1


async def test_a_model_without_its_corpus_says_what_it_needs(store, settings, people):
    (settings.data / "models" / "small" / "corpus").rename(settings.data / "elsewhere")
    await corrected(store, settings, people, 12)
    with pytest.raises(InvalidInput, match="--corpus"):
        await retrain(store, settings)
    outcome = await retrain(store, settings, corpus=settings.data / "elsewhere", order=Order.DRY_RUN)
    assert outcome.learnt > 0


async def test_what_was_shipped_stays_as_it_is_and_is_what_is_gone_back_to(store, settings, people, monkeypatch):
    shipped = settings.data / "package"
    (settings.data / "models").rename(shipped)
    monkeypatch.setattr(places, "shipped_places", lambda: [shipped])
    before = {path.name: path.read_bytes() for path in shipped.rglob("*") if path.is_file()}
    await corrected(store, settings, people)
    outcome = await retrain(store, settings)
    assert (live(settings).version, outcome.published) == (outcome.candidate, True)
    assert {path.name: path.read_bytes() for path in shipped.rglob("*") if path.is_file()} == before
    assert (await roll_back(store, settings)).live == outcome.live


async def test_the_worker_retrains_in_a_process_of_its_own_and_steps_back(
    store, settings, people, database_url, monkeypatch
):
    monkeypatch.setenv("CONTACTCENTER_DATABASE__URL", database_url)
    monkeypatch.setenv("CONTACTCENTER_TRIAGE__MODEL", "small")
    await corrected(store, settings, people)
    jobs = LearningJobs(settings, store)
    await jobs.retrain(publish=False, agent_id=people[0].agent_id)
    await jobs.roll_back(agent_id="")
    async with store.read() as uow:
        back, published = await list_changes(uow)
    assert (published.kind, published.agent_id, published.previous) == ("published", people[0].agent_id, back.version)
    assert live(settings).version == back.version


async def test_every_night_topics_are_looked_for_and_a_model_is_trained_where_it_is_wanted(store, settings):
    jobs = LearningJobs(settings, store)
    assert set(jobs.nightly()) == {"new-topics"}
    eager = LearningJobs(Settings(data=settings.data, triage={"retrain_nightly": True}), store)
    app = jobs_app(store.conninfo, jobs.tasks(), nightly=eager.nightly())
    wanted = {name: (one.cron, one.task.queue) for (name, _), one in app.periodic_registry.periodic_tasks.items()}
    assert wanted == {"new-topics": ("17 2 * * *", "learning"), "retrain-nightly": ("47 2 * * *", "learning")}
