import json

import pytest

from contactcenter.triage import Assessment, TriageInput
from contactcenter.triage.masking import find_sensitive, mask


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("card 4242 4242 4242 4242 exp 12/27", "card •••• 4242 exp 12/27"),
        ("卡号4242424242424242。", "卡号•••• 4242。"),
        ("４２４２４２４２４２４２４２４２", "•••• 4242"),
        ("4242\u200b4242\u200b4242\u200b4242", "•••• 4242"),
        ("4242\u00a04242\u20114242.4242", "•••• 4242"),
        ("4242 4242\n4242 4242", "•••• 4242"),
        ("4242424242424242 5555555555554444 2020", "•••• 4242 •••• 4444 2020"),
        ("12 4242 4242 4242 4242 99", "12 •••• 4242 99"),
        ("IBAN DE89 3704 0044 0532 0130 00 Anna", "IBAN DE•••• 3000 Anna"),
        ("身份证11010519491231002X，", "身份证1101••••••••••002X，"),
        ("SSN: 123-45-6789", "SSN: •••-••-6789"),
        ("护照E12345678", "护照•••••678"),
    ],
)
def test_a_number_that_nobody_needs_in_full_is_masked(text, shown):
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "order 4242424242424243",
        "timestamp 1773135000000",
        "phone +44 20 7946 0958",
        "1,234,567,890,123,456",
        "A4242424242424242",
        "123-45-6789",
        "🙂" * 40,
    ],
)
def test_everything_else_stays_as_it_is(text):
    assert mask(text) == text


def test_masking_twice_changes_nothing_more():
    once = mask("4242 4242 4242 4242, DE89370400440532013000, 11010519491231002X")
    assert mask(once) == once


def test_a_broken_encoding_is_masked_too():
    assert mask("\ud800 4242424242424242") == "\ud800 •••• 4242"


def test_masks_stand_where_the_numbers_are():
    text = "a 4242 4242 4242 4242 b"
    (one,) = find_sensitive(text)
    assert text[one.start : one.end] == "4242 4242 4242 4242"


def test_no_assessment_holds_a_full_number(assessor):
    numbers = ("4242424242424242", "11010519491231002X", "DE89370400440532013000", "X1234567", "123-45-6789")
    text = "card {} id {} iban {} passport no. {} ssn {}".format(*numbers)
    (said,) = assessor.assess([TriageInput(text, f"About card {numbers[0]}")])
    kept = json.dumps(said.to_json())
    assert len(said.entities) == 5
    assert not [number for number in numbers if number in kept]
    assert Assessment.from_json(json.loads(kept)) == said
