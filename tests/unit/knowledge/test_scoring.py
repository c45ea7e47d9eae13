"""How well an article fits: comparable scores, endings, Chinese, unknown words."""

import pytest

from contactcenter.knowledge.scoring import Index, Text, terms

PASSWORD = Text(
    "password",
    "Reset your password",
    ["I forgot my password", "The reset link expired"],
    "Open the page and choose a link.",
)
PARCEL = Text(
    "parcel", "Track an order", ["Where is my parcel?", "Has my order been sent"], "The number is in the mail."
)
REFUND = Text("refund", "退款要多久", ["退款什么时候到账", "钱还没退回来"], "一般五个工作日到账。")


@pytest.fixture(scope="module")
def index() -> Index:
    return Index([PASSWORD, PARCEL, REFUND])


def test_a_question_scores_highest_on_its_own_article(index):
    scores = index.scores("hello, i have forgotten the password and need a reset")
    assert max(scores, key=scores.get) == "password"
    assert scores["password"] > 2 * scores.get("parcel", 0)


def test_chinese_is_matched_without_blanks(index):
    scores = index.scores("请问退款什么时候能到账？")
    assert scores["refund"] > 0.5
    assert len(scores) == 1


def test_an_exact_question_scores_the_same_in_a_base_of_one():
    alone = Index([PASSWORD]).scores("I forgot my password")["password"]
    among = Index([PASSWORD, PARCEL, REFUND]).scores("I forgot my password")["password"]
    assert alone == pytest.approx(among, abs=0.05)


def test_words_nobody_wrote_an_article_about_count_against_a_match(index):
    short = index.scores("password")["password"]
    long = index.scores("my neighbour's dog ate the password sheet while we were watching football")["password"]
    assert long < short / 2


def test_nothing_known_finds_nothing(index):
    assert index.scores("") == {}
    assert index.scores("xylophone zebra") == {}
    assert Index([]).scores("anything") == {}


def test_only_the_candidates_are_scored(index):
    assert set(index.scores("reset my password, where is my parcel", among={"parcel"})) == {"parcel"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cancelled", "cancel"),
        ("policies", "policy"),
        ("payments", "payment"),
        ("addresses", "address"),
        ("changing", "change"),
    ],
)
def test_endings_do_not_hide_a_word(one, other):
    assert terms(one) == terms(other)


def test_scores_stay_between_nought_and_one(index):
    for text in (*PASSWORD.questions, *PARCEL.questions, *REFUND.questions, PASSWORD.title):
        assert all(0 < score <= 1.0000001 for score in index.scores(text).values())
