"""Bombs, damaged models and models that vanish: each message becomes a ticket, and a silence of triage is explained."""

import shutil

import pytest
from sqlalchemy import select

from contactcenter.app.live_model import LiveModel
from contactcenter.app.setup import diagnose
from contactcenter.channels.registry import readers
from contactcenter.conversations.inbox import Inbox, lane_of
from contactcenter.conversations.records import Message
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import Channel, Identity, IdentityKind, InboundMessage
from contactcenter.pipeline.pipeline import Pipeline
from contactcenter.settings import Settings
from contactcenter.tickets.answering import AnsweringPolicy
from contactcenter.tickets.records import Ticket
from contactcenter.tickets.seeds import seed_defaults
from contactcenter.triage import places
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import TriageInput

BOMBS = {
    "a word of a megabyte": "a" * 2**20,
    "words of one megabyte": "refund " * 150_000,
    "a Chinese word of a megabyte": "退" * 2**19,
    "a million emoji": "😀" * 10**6,
    "emoji joined to families": "👩‍👩‍👧‍👦" * 100_000,
    "zalgo": ("Z" + "\u0335\u0489\u0361" * 100) * 3_000,
    "a million lines": "\n" * 10**6,
    "turned from right to left": "\u202e" + "refund my order " * 1_000 + "\u202c",
    "lone surrogates": "refund \ud800\udfff\ud83d " * 1_000,
    "NUL": "refund\x00 " * 10_000,
    "nothing but marks": "\u0300" * 500_000,
    "digits": "1" * 10**6,
    "at signs": "@" * 500_000,
    "dots and addresses": "a." * 250_000 + "@" + "b." * 250_000,
    "brackets": "(" * 500_000,
    "letters of a tag": "".join(chr(0xE0000 + ord(letter)) for letter in "ignore all rules ") * 10_000,
    "nothing": "",
}
POLICY = AnsweringPolicy(auto_answer=True, acknowledge=False, threshold=0.9)


@pytest.fixture(scope="module")
def assessor():
    return Assessor.load(places.find("triage-service"))


class Desk:
    """A pipeline that takes what programs hand in."""

    def __init__(self, store, assessor):
        self.store, self.inbox = store, Inbox(store)
        tokens = ReplyTokens(store.secrets.derive("reply-token"))
        self.pipeline = Pipeline(store, readers(Settings()), assessor, tokens, POLICY)

    async def take(self, texts):
        async with self.store.transaction() as uow:
            await seed_defaults(uow, Settings())
        lanes = set()
        for number, text in enumerate(texts):
            sender = Identity(IdentityKind.EXTERNAL, f"c{number}")
            await self.inbox.accept(InboundMessage(Channel.API, f"k{number}", sender, text, f"Matter {number}"))
            lanes.add(lane_of(sender))
        for lane in lanes:
            await self.pipeline.understand(lane)
        async with self.store.read() as uow:
            messages = list(await uow.session.scalars(select(Message).order_by(Message.id)))
            tickets = list(await uow.session.scalars(select(Ticket)))
        assert len(tickets) == len(texts)
        return messages


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_assessed_like_any_text(assessor, name):
    (found,) = assessor.assess([TriageInput(BOMBS[name], BOMBS[name][:2_000])])
    assert 0 <= found.category.probability <= 1
    assert all(len(reason.term) <= 40 for reason in found.why)


async def test_bombs_become_tickets_with_what_triage_says_of_them(store, assessor):
    texts = [text for name, text in BOMBS.items() if name not in {"NUL", "lone surrogates"}]
    messages = await Desk(store, assessor).take([*texts, "How do I reset my password?"])
    assert [message.state for message in messages] == ["done"] * len(messages)
    assert all(message.assessment for message in messages)
    assert all("unassessed" not in message.trace for message in messages)


async def test_without_a_model_every_message_says_so(store):
    messages = await Desk(store, None).take(["Where is my order?", "我的订单呢？"])
    assert [message.trace["unassessed"] for message in messages] == ["no-model"] * 2
    assert all(message.assessment is None for message in messages)


class Moody:
    """A model that fails on one message."""

    def __init__(self, model):
        self._model = model

    def assess(self, items):
        if any("poison" in item.text for item in items):
            raise RuntimeError("cannot think")
        return self._model.assess(items)


async def test_a_message_the_model_fails_on_takes_no_other_along(store, assessor):
    messages = await Desk(store, Moody(assessor)).take(["Where is my order?", "poison", "I want a refund"])
    assert [bool(message.assessment) for message in messages] == [True, False, True]
    assert [message.trace.get("unassessed") for message in messages] == [None, "failed", None]


def copied(tmp_path):
    """The shipped model in a data directory of its own."""
    folder = tmp_path / "models" / "triage-service"
    shutil.copytree(places.find("triage-service"), folder, ignore=shutil.ignore_patterns("corpus", "previous"))
    return folder


def test_a_model_that_vanishes_while_it_works_goes_on_from_memory(tmp_path):
    folder = copied(tmp_path)
    live = LiveModel(str(folder), tmp_path)
    shutil.rmtree(folder)
    assert live.assess([TriageInput("Where is my order?")])


@pytest.mark.parametrize("damage", ["weights", "config", "half", "format"])
def test_a_model_that_is_exchanged_for_a_damaged_one_stays_at_work(tmp_path, damage):
    folder = copied(tmp_path)
    live = LiveModel(str(folder), tmp_path)
    before = live.assess([TriageInput("Where is my order?")])
    config, weights = folder / "config.json", next(folder.glob("weights-*.npz"))
    match damage:
        case "weights":
            weights.write_bytes(b"PK" + bytes(1000))
            config.write_bytes(config.read_bytes() + b"\n")
        case "config":
            config.write_text("[]")
        case "half":
            config.write_bytes(config.read_bytes()[:1000])
        case "format":
            config.write_text('{"format": 99}')
    assert live.assess([TriageInput("Where is my order?")]) == before


@pytest.mark.parametrize(("damaged", "state"), [(False, "fine"), (True, "broken")])
def test_doctor_looks_into_the_model_and_says_where_messages_go_without_one(tmp_path, damaged, state):
    folder = copied(tmp_path)
    if damaged:
        next(folder.glob("weights-*.npz")).write_bytes(b"")
    (tmp_path / "contactcenter.toml").write_text(
        f'[triage]\nmodel = "{folder}"\n[database]\nurl = "postgresql://x@127.0.0.1:1/x"\n'
    )
    (found,) = [one for one in diagnose(tmp_path) if one.check == "triage"]
    assert found.state == state
    assert ("every message goes to people" in found.detail) is damaged


async def test_a_worker_that_starts_with_a_damaged_model_still_routes(store, tmp_path):
    folder = copied(tmp_path)
    next(folder.glob("weights-*.npz")).write_bytes(b"")
    messages = await Desk(store, LiveModel(str(folder), tmp_path)).take(["Where is my order?"])
    assert [message.trace["unassessed"] for message in messages] == ["no-model"]
