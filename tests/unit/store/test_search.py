"""Search tokens: words, and characters and bigrams of Chinese."""

from contactcenter.store.search import query_literal, tokens, vector_literal


def test_chinese_is_cut_into_characters_and_bigrams() -> None:
    assert set(tokens("理赔进度")) == {"理", "赔", "进", "度", "理赔", "赔进", "进度"}


def test_a_chinese_query_asks_for_bigrams_alone() -> None:
    assert query_literal(["理赔进"]) == "'理赔' & '赔进'"


def test_a_single_character_can_be_searched() -> None:
    assert query_literal(["赔"]) == "'赔'"


def test_words_are_folded_and_compounds_give_their_pieces() -> None:
    assert tokens("Policy P-1234567, ＡＢＣ") == ["policy", "p-1234567", "p", "1234567", "abc"]


def test_query_syntax_in_a_text_means_nothing() -> None:
    assert query_literal(["a' | b & !c:* <-> \\"]) == "'a' & 'b' & 'c'"


def test_a_bomb_of_a_text_gives_a_bounded_vector() -> None:
    literal = vector_literal("x" * 1_000_000, " ".join(str(number) for number in range(100_000)))
    assert literal.count("' '") <= 4000
