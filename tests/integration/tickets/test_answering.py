"""What the machine answers by itself, with the shipped model and articles, and what it leaves to people."""

from __future__ import annotations

import pytest

from contactcenter.app.meaning import meaning_attached
from contactcenter.conversations.guards import AutomaticMemory
from contactcenter.envelope import Channel, Content, FileContent, Identity, IdentityKind, InboundMessage
from contactcenter.knowledge.articles import import_starter
from contactcenter.knowledge.understanding import fill
from contactcenter.settings import Settings
from contactcenter.store.store import Store
from contactcenter.tickets.answering import AnsweringPolicy, Case, Decision, decide
from contactcenter.tickets.routing import routing_table
from contactcenter.tickets.seeds import seed_defaults
from contactcenter.triage import places
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import TriageInput

ANN = Identity(IdentityKind.EMAIL, "ann@customer.example", "Ann")
POLICY = AnsweringPolicy(auto_answer=True, acknowledge=True, threshold=0.9)


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return Assessor.load(places.find("triage-service"))


@pytest.fixture
async def furnished(store: Store) -> Store:
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
        await import_starter(uow, status="published")
    return store


async def decision(
    store: Store,
    assessor: Assessor | None,
    text: str,
    *,
    is_new: bool = True,
    policy: AnsweringPolicy = POLICY,
    authenticated: bool = True,
    files: tuple[FileContent, ...] = (),
) -> Decision:
    content = Content(ANN, text, text, authenticated=authenticated, files=files)
    assessment = assessor.assess([TriageInput(text)])[0] if assessor else None
    case = Case(InboundMessage(Channel.EMAIL, "k", ANN), content, assessment, ANN, "c1", is_new)
    async with store.read() as uow:
        return await decide(uow, case, await routing_table(uow), policy, AutomaticMemory([]))


QUESTION = "Hello, I forgot my password and cannot sign in any more. How do I reset it?"


@pytest.mark.parametrize("text", [QUESTION, "请问你们的营业时间是几点到几点？", "忘记密码了，怎么重置密码？"])
async def test_a_plain_question_is_answered(furnished: Store, assessor: Assessor, text: str) -> None:
    with meaning_attached(furnished, None):  # as in a worker
        await fill(furnished, wake=True)
        decided = await decision(furnished, assessor, text)
    assert decided.action == "answer", (decided.reasons, decided.trace)
    assert not decided.receipt


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Third time I write about my password and nobody answers. I am very disappointed.",
            "complaint",
        ),
        ("我已经等了二十天都没有人处理，非常失望，我要投诉到监管部门。", "complaint"),
        ("How do I reset the password? It is about policy P1234567.", "particular"),
        ("Comment puis-je changer mon mot de passe ?", "language"),
    ],
)
async def test_some_things_go_to_people(furnished: Store, assessor: Assessor, text: str, reason: str) -> None:
    decided = await decision(furnished, assessor, text)
    assert decided.action != "answer"
    assert any(reason in spoken for spoken in decided.reasons)
    assert decided.receipt


async def test_a_second_message_of_a_conversation_goes_to_people(furnished: Store, assessor: Assessor) -> None:
    assert (await decision(furnished, assessor, QUESTION, is_new=False)).action != "answer"


async def test_nobody_who_is_not_authenticated_is_answered(furnished: Store, assessor: Assessor) -> None:
    decided = await decision(furnished, assessor, QUESTION, authenticated=False)
    assert decided.action != "answer"
    assert not decided.receipt


async def test_a_message_with_files_goes_to_people(furnished: Store, assessor: Assessor) -> None:
    files = (FileContent("a.pdf", "application/pdf", b"x"),)
    assert (await decision(furnished, assessor, QUESTION, files=files)).action != "answer"


async def test_the_switch_is_respected(furnished: Store, assessor: Assessor) -> None:
    off = AnsweringPolicy(auto_answer=False, acknowledge=False, threshold=0.9)
    decided = await decision(furnished, assessor, QUESTION, policy=off)
    assert decided.action != "answer"
    assert not decided.receipt


async def test_a_draft_never_answers(store: Store, assessor: Assessor) -> None:
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
        await import_starter(uow, status="draft")
    assert (await decision(store, assessor, QUESTION)).action != "answer"


async def test_without_triage_people_answer(furnished: Store) -> None:
    decided = await decision(furnished, None, QUESTION)
    assert decided.action == "route"
    assert decided.receipt
