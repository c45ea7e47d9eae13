"""The help pages' small judgements: addresses, questions, and the seal of a view."""

import pytest

from contactcenter.agent_ui.help import MAX_QUERY, address, clean, description_of, slug
from contactcenter.agent_ui.help_opinions import LIFETIME, PER_PEER, Opinions, is_sealed, sealed
from contactcenter.knowledge.public import Heading

ID = "01900000-0000-7000-8000-000000000000"
KEY = b"k" * 32
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("title", "part"),
    [
        ("How to reset your password?", "how-to-reset-your-password"),
        ("如何重设密码", "如何重设密码"),
        ("?!…", ""),
        ("//evil.example/../x", "evil-example-x"),
        ("A\r\nSet-Cookie: x", "a-set-cookie-x"),
        ("word " * 40, "word-word-word-word-word-word-word-word-word-word-word-word"),
    ],
)
def test_a_title_in_an_address_has_letters_digits_and_hyphens_alone(title, part):
    assert slug(title) == part


def test_an_article_has_one_address_in_its_own_language():
    assert address(Heading(ID, "zh", "密码", "")) == f"/help/zh/articles/{ID}-密码"
    assert address(Heading(ID, "en", "??", "")) == f"/help/en/articles/{ID}"


@pytest.mark.parametrize(
    ("asked", "looked_up"),
    [
        ("  lost\tcard\n", "lost card"),
        ("a\x00b\x1b[31m\u2028c", "a b [31m c"),
        ("half \ud800 a character \udfff", "half a character"),
        ("\x00\ud800 ", ""),
        ("x" * 10_000, "x" * MAX_QUERY),
    ],
)
def test_a_question_is_plain_and_not_too_long(asked, looked_up):
    cleaned = clean(asked)
    assert " ".join(cleaned.split()) == looked_up
    cleaned.encode()


def test_a_description_is_one_short_line():
    assert description_of("Open\n\n9 to 5") == "Open 9 to 5"
    assert len(description_of("word " * 100)) <= 160


def test_a_seal_is_good_for_its_article_and_its_time():
    seal = sealed(KEY, ID, NOW)
    assert is_sealed(KEY, ID, seal, NOW + LIFETIME - 1)
    assert not is_sealed(KEY, ID, seal, NOW + LIFETIME)
    assert not is_sealed(KEY, ID[:-1] + "1", seal, NOW)
    assert not is_sealed(b"other" * 8, ID, seal, NOW)
    assert not is_sealed(KEY, ID, seal, NOW - 3600)


@pytest.mark.parametrize("seal", ["", "x", "a.b.c", "1.2.3.4", "1800000000..", "密.码.是", "9" * 10_000, "\ud800"])
def test_what_is_no_seal_of_ours_is_none(seal):
    assert not is_sealed(KEY, ID, seal, NOW)


def test_a_changed_time_breaks_the_seal():
    at, rest = sealed(KEY, ID, NOW).split(".", 1)
    assert not is_sealed(KEY, ID, f"{int(at) + 1}.{rest}", NOW)


def test_a_seal_counts_once_also_over_the_turn_of_a_window():
    opinions, turn = Opinions(), NOW - NOW % LIFETIME + LIFETIME
    assert opinions.take("a", "peer", turn - 1)
    assert not opinions.take("a", "peer", turn - 1)
    assert not opinions.take("a", "peer", turn + 1)
    assert opinions.take("b", "peer", turn + 1)


def test_one_peer_counts_a_few_times_others_are_not_held_up_and_later_he_may_again():
    opinions = Opinions()
    counted = [opinions.take(str(number), "eve", NOW) for number in range(PER_PEER + 5)]
    assert counted == [True] * PER_PEER + [False] * 5
    assert opinions.take("of another", "ann", NOW)
    assert opinions.take("later", "eve", NOW + LIFETIME)
