import pytest

from contactcenter.errors import SettingsError
from contactcenter.patterns import NOT_NUMBERS, NumberPattern
from contactcenter.settings import FILE_NAME, load
from contactcenter.triage import EntityType, TriageInput
from contactcenter.triage.check_digits import CHECKS
from contactcenter.triage.entities import EntityFinder


def found(text, *patterns, language="en"):
    (entities,) = EntityFinder(patterns).find([TriageInput(text)], [language])
    return [(entity.type, entity.value) for entity in entities]


def test_a_number_of_ones_own_kind_is_found():
    contract = NumberPattern(type="contract", pattern=r"K-\d{4}")
    assert found("my contract k-4711 please", contract) == [("contract", "K-4711")]
    assert found("合同K-4711到期", contract, language="zh") == [("contract", "K-4711")]


def test_only_a_right_check_digit_makes_it_one():
    policy = NumberPattern(type="policy", pattern=r"P\d{7}", check="luhn")
    assert found("P1234566 or P1234567", policy) == [("policy", "P1234566")]


def test_a_set_kind_replaces_the_guesses_for_it():
    policy = NumberPattern(type="policy", pattern=r"VN\d{4}")
    assert found("policy 88123456 and P1234567 and VN1234, order A-55812", policy) == [
        ("policy", "VN1234"),
        ("order", "A-55812"),
    ]


def test_a_word_can_be_asked_for_before_the_number():
    member = NumberPattern(type="member", pattern=r"\d{6}", after=("member", "会员"))
    assert found("member no. 123456, which is not the same as 654321", member) == [("member", "123456")]
    assert found("会员123456", member, language="zh") == [("member", "123456")]


def test_a_number_inside_another_is_none():
    assert found("xK4711 K47112 K4711", NumberPattern(type="contract", pattern=r"K\d{4}")) == [("contract", "K4711")]


def test_a_card_stays_masked_whatever_fits_it():
    anything = NumberPattern(type="order", pattern=r"\d{10,20}")
    assert found("4242424242424242", anything) == [("bank_card", "•••• 4242")]


def test_a_pattern_full_of_choices_takes_no_longer_than_the_text():
    finder = EntityFinder([NumberPattern(type="contract", pattern=r"(a+)+b(\d*)*c")])
    assert finder.find([TriageInput("a" * 1_000_000)], ["en"]) == [()]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (r"type = 'policy', pattern = '(\d)\1'", "no pattern in RE2's syntax"),
        (r"type = 'policy', pattern = '(?<=x)\d'", "no pattern in RE2's syntax"),
        (r"type = 'policy', pattern = '(\d{900}){900}'", "no pattern in RE2's syntax"),
        (r"type = 'policy', pattern = 'P('", "no pattern in RE2's syntax"),
        (r"type = 'policy', pattern = '\d*'", "fits an empty text"),
        (r"type = 'bank_card', pattern = '\d{16}'", "rules that cannot be set"),
        (r"type = 'My Type', pattern = '\d{16}'", "small letters"),
        (r"type = 'policy', pattern = '\d{7}', check = 'sum'", "luhn"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(tmp_path, line, fault):
    (tmp_path / FILE_NAME).write_text(f"[triage]\nnumbers = [{{{line}}}]\n")
    with pytest.raises(SettingsError, match=r"triage\.numbers\.0") as refused:
        load(tmp_path)
    assert fault in str(refused.value)


def test_the_settings_know_every_check_and_every_type():
    assert set(NumberPattern.model_fields["check"].annotation.__args__) == set(CHECKS)
    numbers = {"policy", "order", "invoice", "claim", "tracking"}
    assert set(EntityType) == numbers | NOT_NUMBERS
