import pytest

from contactcenter.triage.check_digits import (
    CHECKS,
    iban,
    iso7064_mod_11_2,
    luhn,
    mod_11,
    mod_97,
    postal_item,
    resident_id,
    social_credit_code,
    vehicle,
)

RIGHT = [
    (luhn, "79927398713"),
    (luhn, "4242424242424242"),
    (mod_97, "79444"),
    (mod_11, "123455"),
    (mod_11, "P123455"),
    (iso7064_mod_11_2, "079X"),
    (resident_id, "11010519491231002X"),
    (resident_id, "440308199901101512"),
    (iban, "DE89370400440532013000"),
    (iban, "GB82WEST12345698765432"),
    (iban, "FR1420041010050500013M02606"),
    (iban, "NO9386011117947"),
    (social_credit_code, "91350100M000100Y43"),
    (vehicle, "1M8GDM9AXKP042788"),
    (vehicle, "11111111111111111"),
    (postal_item, "RR473124829GB"),
]


@pytest.mark.parametrize(("check", "number"), RIGHT)
def test_published_examples_are_right(check, number):
    assert check(number)


@pytest.mark.parametrize(("check", "number"), RIGHT)
def test_one_wrong_digit_is_always_noticed(check, number):
    digits = [place for place, character in enumerate(number) if character.isdigit()]
    for place in digits:
        for other in set("0123456789") - {number[place]}:
            assert not check(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize("check", [*CHECKS.values(), iban, resident_id, social_credit_code, vehicle, postal_item])
@pytest.mark.parametrize("text", ["", "X", "é", "٤٢٤٢", "-", "A" * 40])
def test_what_is_no_number_is_refused_without_an_error(check, text):
    assert check is bool or not check(text)


def test_a_day_that_never_was_makes_no_identity_number():
    (number,) = (n for last in "0123456789X" if iso7064_mod_11_2(n := f"11010519490231002{last}"))
    assert not resident_id(number)


def test_a_province_that_is_none_makes_no_identity_number():
    (number,) = (n for last in "0123456789X" if iso7064_mod_11_2(n := f"99010519491231002{last}"))
    assert not resident_id(number)
