"""A reply is made fit for another customer: nothing of the one it was written to is left in it."""

import pytest

from contactcenter.tickets.impersonal import HIDDEN, Personal, impersonal

LENA = Personal(
    names=("Lena Brandt", "", "lena.brandt@mail.example"),
    values=("lena.brandt@mail.example", "+12025550113", "P4417023", "K-77"),
    ticket=1042,
)
XIAOYU = Personal(names=("王小雨",), values=("wang.xiaoyu@mail.example", "+8613800138001", "P7083312"), ticket=1077)
OUYANG = Personal(names=("欧阳 敏",))


def english(text, **options):
    return impersonal(text, LENA, "Carol White", **options)


def chinese(text, whose=XIAOYU, **options):
    return impersonal(text, whose, "周敏", **options)


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("Dear Lena Brandt,", "Dear Carol White,"),
        ("Dear Ms Brandt,", "Dear Carol White,"),
        ("dear mrs. brandt,", "dear Carol White,"),
        ("Hello Lena,", "Hello Carol White,"),
        ("LENA BRANDT", "Carol White"),
        ("Brandt, Lena", "Carol White"),
        ("Lena M. Brandt", "Carol White"),
        ("We told lena's bank.", "We told Carol White's bank."),
        ("Ask Lena\nBrandt", "Ask Carol White"),
        ("Hi Peggy,", "Hi Carol White,"),  # greeted by a name we never heard of
        ("Dear Mr. Tom O'Neil,\nthanks", "Dear Carol White,\nthanks"),
        ("Lenas and Brandtner are others.", "Lenas and Brandtner are others."),
        ("Hello and thank you for your letter.", "Hello and thank you for your letter."),
    ],
)
def test_an_english_name_becomes_the_new_customers(written, clean):
    assert english(written) == clean


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("王小雨您好！", "周敏您好！"),
        ("王女士，您好：", "周敏，您好："),
        ("尊敬的王小雨先生：", "尊敬的周敏："),
        ("尊敬的客户：您好。", "尊敬的周敏：您好。"),
        ("请小雨明天来电。", "请周敏明天来电。"),
        ("已转告小王，谢谢。", "已转告周敏，谢谢。"),
        ("王 小 雨", "周敏"),
        ("国王的邮件已收到。", "国王的邮件已收到。"),
        ("感谢您的来信，您好。", "感谢您的来信，您好。"),
        ("请您好好检查。", "请您好好检查。"),
    ],
)
def test_a_chinese_name_becomes_the_new_customers(written, clean):
    assert chinese(written) == clean


def test_a_compound_surname_is_one():
    assert chinese("欧阳女士和欧阳敏，阳光很好", OUYANG) == "周敏和周敏，阳光很好"


@pytest.mark.parametrize(
    "written",
    [
        "lena.brandt@mail.example", "LENA.BRANDT@MAIL.EXAMPLE", "someone.else@post.example", "a@b",
        "+12025550113", "+1 202 555 0113", "(202) 555-0113", "202.555.0113", "0049 30 1234567", "030/1234567",
        "P4417023", "p4417023", "K-77", "INV-20331", "A-55812", "C-771204", "#1042", "1042", "#20331", "2025550113",
    ],
)  # fmt: skip
def test_addresses_phones_and_numbers_leave_a_placeholder(written):
    assert english(f"It is {written} here.") == f"It is {HIDDEN} here."


@pytest.mark.parametrize(
    "written",
    [
        "wang.xiaoyu@mail.example",
        "138 0013 8001",
        "13800138001",
        "１３８００１３８００１",
        "P7083312",
        "1077",
        "１０７７",
    ],
)
def test_chinese_around_a_number_hides_nothing_of_it(written):
    assert chinese(f"请用{written}联系") == f"请用{HIDDEN}联系"


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("your order 208 and ticket no. 917", f"your order {HIDDEN} and ticket no. {HIDDEN}"),
        ("Reference: 4711", f"Reference: {HIDDEN}"),
        ("订单号：20331，工单号903", f"订单号：{HIDDEN}，工单号{HIDDEN}"),
        ("See https://shop.example/track?order=abc&who=x now", f"See https://shop.example/track?{HIDDEN} now"),
    ],
)
def test_what_is_said_to_be_a_number_goes_and_its_word_stays(written, clean):
    assert english(written) == clean


@pytest.mark.parametrize(
    "kept", ["within 14 days", "by 2026-07-01 10:30", "on 01.07.2026", "€249.00", "9:00-18:00", "page 3", "保修24个月"]
)
def test_days_sums_and_hours_stay(kept):
    assert english(f"It is {kept}.") == f"It is {kept}."


def test_cards_and_identity_numbers_are_masked():
    text = english("Card 4111 1111 1111 1111, identity 11010519491231002X")
    assert text == "Card •••• 1111, identity 1101••••••••••002X"


def test_quotations_pictures_and_the_writers_name_are_left_out():
    written = "It is done.\n\n> Lena wrote: my cat is ill\n\n![a cat](cid:1@x)\n\nKind regards,\nAnna Field\n"
    assert english(written, author="Anna Field") == "It is done.\n\n[a cat]\n\nKind regards,"


def test_without_a_name_for_the_new_customer_a_placeholder_stands():
    assert impersonal("Dear Lena,\nBrandt is you.", LENA, "  ") == f"Dear {HIDDEN},\n{HIDDEN} is you."


def test_a_name_both_customers_have_is_not_doubled():
    assert impersonal("Dear Lena Brandt, yes.", LENA, "Lena White") == "Dear Lena White, yes."


@pytest.mark.parametrize(
    ("name", "written", "clean"),
    [
        ("Will May", "I will say: you may. Will, goodbye. May, too.", "I will say: you may. N, goodbye. N, too."),
        ("Bo Li", "A bolt for Bo, living with Li", "A bolt for N, living with N"),
        ("Renée Müller-Lüdenscheidt", "Renee, Frau Muller", "N, Frau N"),
        ("Ludwig van Beethoven", "Ludwig van Beethoven has a van.", "N has a van."),
        ("Иван Петров", "Привет, Петров", "Привет, N"),
        ("(a+)+$ [x", "a+ is harmless", "a+ is harmless"),
    ],
)
def test_names_of_all_sorts(name, written, clean):
    assert impersonal(written, Personal((name,)), "N") == clean
