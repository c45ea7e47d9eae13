from datetime import UTC, datetime

import pytest

from contactcenter.triage.dates import calendar_date
from contactcenter.triage.values import chinese_number, decimal_number, money

TUESDAY = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("三千", 3000),
        ("十", 10),
        ("二十五", 25),
        ("两万三千", 23000),
        ("一百零五", 105),
        ("一亿", 100_000_000),
        ("元", None),
    ],
)
def test_chinese_numerals_are_read(text, number):
    assert chinese_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234.56", 1234.56), ("1.234,56", 1234.56), ("1234,5", 1234.5), ("12,000", 12000), ("1.000.000", 1_000_000)],
)
def test_both_ways_of_grouping_digits_are_read(text, number):
    assert decimal_number(text) == number


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("$1,200", 1200, "USD"),
        ("USD 5k", 5000, "USD"),
        ("300 dollars", 300, "USD"),
        ("€49.90", 49.9, "EUR"),
        ("£20", 20, "GBP"),
        ("¥200", 200, "CNY"),
        ("3000元", 3000, "CNY"),
        ("3.5万元", 35000, "CNY"),
        ("三千元", 3000, "CNY"),
        ("HK$80", 80, "HKD"),
        ("500美元", 500, "USD"),
    ],
)
def test_sums_have_an_amount_and_an_iso_currency(text, amount, currency):
    assert money(text) == {"amount": amount, "currency": currency}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-05-02", "2026-05-02"),
        ("2026年3月5日", "2026-03-05"),
        ("12 March 2026", "2026-03-12"),
        ("March 12th, 2026", "2026-03-12"),
        ("25/12/2025", "2025-12-25"),
        ("12.25.25", "2025-12-25"),
        ("3月5日", "2026-03-05"),
        ("Dec 30", "2025-12-30"),
        ("3 days ago", "2026-03-07"),
        ("a week ago", "2026-03-03"),
        ("三天前", "2026-03-07"),
    ],
)
def test_dates_become_iso_days(text, day):
    assert calendar_date(text, TUESDAY) == day


@pytest.mark.parametrize("text", ["03/04/2026", "2026-02-30", "two months ago", "99 May"])
def test_a_date_that_could_be_two_days_or_none_has_no_value(text):
    assert calendar_date(text, TUESDAY) is None


def test_without_the_messages_day_a_relative_date_has_no_value():
    assert calendar_date("3 days ago", None) is None
    assert calendar_date("3月5日", None) is None
