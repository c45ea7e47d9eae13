import pytest

from contactcenter.triage.text import HEAD, TAIL, clean, cut


def test_numbers_dates_links_and_addresses_become_placeholders():
    text = "Refund A-55812 by 2026-05-02, see https://a.example/x?y=1 or mail a.b@c.example"
    assert clean(text) == "refund a 0 by datetok see linktok or mail mailtok"


def test_chinese_clauses_stay_whole():
    assert clean("您好，保单号P1234567，2026年3月5日扣款3,000元。") == "您好 保单号p0 datetok 扣款0元"


def test_a_link_ends_where_chinese_begins():
    assert clean("见https://a.example/x，谢谢") == "见 linktok 谢谢"


def test_full_width_invisible_and_traditional_characters_read_like_plain_ones():
    assert clean("Ｒｅ\u200bｆｕｎｄ！") == clean("refund!") == "refund !"
    assert clean("貴司退費通知") == clean("贵司退费通知")


def test_of_stacked_marks_at_most_one_stays():
    assert clean("r\u0301\u0316\u0301\u0316\u0301e\u0300fund") == "ŕèfund"


def test_shouting_keeps_its_marks_but_not_their_number():
    assert clean("HELLO!!!!!!! soooooo") == "hello ! ! soo"


def test_of_a_long_text_head_and_tail_are_kept():
    assert cut("a" * HEAD + "b" * 50_000 + "c" * TAIL) == "a" * HEAD + "\n" + "c" * TAIL


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "😀" * 1_000_000, "e" + "\u0301\u0316" * 500_000, "\ufdfa" * 1_000_000, "!?" * 500_000]
)
def test_no_text_grows_beyond_a_few_pages(text):
    assert len(clean(text)) <= 2 * (HEAD + TAIL) + 1


@pytest.mark.parametrize("text", ["", "\x00\x07", "\ud800 alone", "\u202e\ufeff"])
def test_odd_texts_are_no_trouble(text):
    assert clean(text) in {"", "\ud800 alone", "alone"}
