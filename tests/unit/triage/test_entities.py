from datetime import UTC, datetime

import pytest

from contactcenter.triage import EntityType, TriageInput
from contactcenter.triage.entities import MOST

TUESDAY = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def found(finder, text, language="en", subject=""):
    (entities,) = finder.find([TriageInput(text, subject, TUESDAY)], [language])
    return entities


@pytest.mark.parametrize(
    ("text", "language", "kind", "value"),
    [
        ("my policy P1234567 please", "en", "policy", "P1234567"),
        ("保单号P1234567，", "zh", "policy", "P1234567"),
        ("policy number is 12345678.", "en", "policy", "12345678"),
        ("order A-55812 is late", "en", "order", "A-55812"),
        ("about #99812", "en", "order", "99812"),
        ("订单号：20260315001，还没到", "zh", "order", "20260315001"),
        ("＃５５８１２什么时候到", "zh", "order", "55812"),
        ("INV-2024-001 is wrong", "en", "invoice", "INV-2024-001"),
        ("关于账单1234567的问题", "zh", "invoice", "1234567"),
        ("process claim 1234567.", "en", "claim", "1234567"),
        ("赔案C-881234进度", "zh", "claim", "C-881234"),
        ("I paid $1,234.56 twice", "en", "amount", {"amount": 1234.56, "currency": "USD"}),
        ("维修估价3.5万元", "zh", "amount", {"amount": 35000, "currency": "CNY"}),
        ("by 2 May 2026", "en", "date", "2026-05-02"),
        ("it broke yesterday", "en", "date", "2026-03-09"),
        ("since last Friday", "en", "date", "2026-03-06"),
        ("大前天下的单", "zh", "date", "2026-03-07"),
        ("上周五寄的", "zh", "date", "2026-03-06"),
        ("call +44 20 7946 0958 now", "en", "phone", "+442079460958"),
        ("call (202) 555-0143", "en", "phone", "+12025550143"),
        ("电话13800138000", "zh", "phone", "+8613800138000"),
        ("write to Anna.B@Example.com.", "en", "email", "anna.b@example.com"),
    ],
)
def test_each_kind_is_found_with_its_normal_form(finder, text, language, kind, value):
    assert [(entity.type, entity.value) for entity in found(finder, text, language)] == [(kind, value)]


def test_offsets_point_into_the_text_as_it_was_sent(finder):
    text = "您好，保单Ｐ１２３４５６７，昨天付了３０００元😀，电话 13800138000"
    entities = found(finder, text, "zh")
    assert [text[entity.start : entity.end] for entity in entities] == [
        "Ｐ１２３４５６７",
        "昨天",
        "３０００元",
        "13800138000",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "order 2026 units",
        "room 12-14",
        "version 1.2.3.4",
        "the A-team and C-level",
        "1234567 and 7654321",
        "P12",
        "a@b",
    ],
)
def test_what_only_resembles_an_entity_is_left_alone(finder, text):
    assert found(finder, text) == ()


def test_a_date_after_order_is_a_date(finder):
    assert [entity.type for entity in found(finder, "my order 2026-01-05 was late")] == [EntityType.DATE]


def test_the_subject_adds_only_what_the_text_lacks(finder):
    entities = found(finder, "About P1234567.", subject="Claim C-881234, policy P1234567")
    assert [(entity.value, entity.start) for entity in entities] == [("P1234567", 6), ("C-881234", -1)]


def test_the_end_of_a_long_text_is_searched_with_true_offsets(finder):
    text = "x " * 20_000 + "policy P1234567"
    (entity,) = found(finder, text)
    assert text[entity.start : entity.end] == "P1234567"


def test_a_flood_of_entities_is_cut(finder):
    assert len(found(finder, "P1234567 " * 100_000)) == MOST


def test_new_words_do_not_pile_up_in_memory(finder):
    vocabulary = finder._pipelines["en"].vocab
    before = len(vocabulary.strings)
    for number in range(50):
        found(finder, f"unheardof{number} word{number}")
    assert len(vocabulary.strings) == before
