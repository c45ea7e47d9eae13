"""What a result shows of an article: the telling part, with the words looked for marked."""

from contactcenter.knowledge.snippets import LENGTH, looked_for, marked, snippet


def found(pieces):
    return [text for text, is_found in pieces if is_found]


def test_words_are_marked_where_a_word_begins_whatever_their_case():
    pieces = marked("Card, cards and a discard", looked_for("card"))
    assert pieces == [("Card", True), (", ", False), ("card", True), ("s and a discard", False)]


def test_all_pairs_of_chinese_characters_are_found_and_joined():
    assert found(marked("请修改密码。", looked_for("改密码"))) == ["改密码"]


def test_common_words_are_not_marked():
    assert looked_for("how do I") is None
    assert found(marked("How do I pay the bill?", looked_for("how do I pay"))) == ["pay"]


def test_a_pattern_in_a_question_is_text():
    assert found(marked("a.b.c (x) abc", looked_for("a.b.c"))) == ["a.b.c"]
    assert looked_for("%_*?.") is None


def test_a_snippet_begins_shortly_before_the_first_word_and_says_where_it_is_cut():
    text = "Nothing of interest here. " * 20 + "The lamp is cleaned with a cloth. " + "More words follow. " * 20
    pieces = snippet(text, looked_for("lamp"))
    assert pieces[0] == ("…", False)
    assert pieces[-1] == ("…", False)
    assert found(pieces) == ["lamp"]
    assert len("".join(text for text, _ in pieces)) <= LENGTH + 2
    assert pieces[1][0].split()[0] in {"Nothing", "of", "interest", "here."}


def test_a_short_text_is_shown_whole_on_one_line():
    assert snippet("Open\n\n9 to 5", looked_for("zebra")) == [("Open 9 to 5", False)]
    assert snippet("", None) == []


def test_a_chinese_snippet_is_half_as_long():
    assert len("".join(text for text, _ in snippet("重设密码" * 200, looked_for("密码")))) <= LENGTH // 2 + 2


def test_of_a_long_question_the_longest_words_are_looked_for():
    question = "ab " + " ".join(f"longer{number}" for number in range(200))
    assert found(marked("ab longer100 ab", looked_for(question))) == ["longer100"]


def test_a_text_without_end_is_looked_through_in_no_time():
    text, question = "ab ba " * 8000, "ab " + "a" * 150
    assert found(snippet(text, looked_for(question)))[0] == "ab"
