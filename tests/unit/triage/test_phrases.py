import pytest

from contactcenter.errors import InvalidInput
from contactcenter.triage.phrases import Phrase, expand, read


def test_alternatives_and_optional_parts_nest():
    assert set(expand("(cancel|end) my [car (policy|cover)]")) == {
        *("cancel my", "end my", "cancel my car policy", "cancel my car cover"),
        *("end my car policy", "end my car cover"),
    }


def test_of_many_texts_a_few_are_drawn_and_always_the_same():
    pattern = "(a|b|c|d) (e|f|g|h) (i|j|k|l)"
    assert expand(pattern, 5) == expand(pattern, 5)
    assert len(set(expand(pattern, 5))) == 5


@pytest.mark.parametrize("pattern", ["(a|b", "a)", "[a", "a]", "(a]"])
def test_unbalanced_brackets_are_refused(pattern):
    with pytest.raises(ValueError, match="close"):
        expand(pattern)


def test_sections_name_heads_and_labels(tmp_path):
    file = tmp_path / "phrases.en.txt"
    file.write_text(
        "# comment\n\n== category refund, complaint no\nmoney back\n== complaint yes\nshame\n", encoding="utf-8"
    )
    assert read(file) == [
        Phrase("money back", {"category": "refund", "complaint": "no"}),
        Phrase("shame", {"complaint": "yes"}),
    ]


def test_a_fault_is_named_with_its_line(tmp_path):
    file = tmp_path / "phrases.en.txt"
    file.write_text("== category refund\nfine\n(never closed\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"phrases\.en\.txt:3"):
        read(file)
    file.write_text("too early\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="before the first section"):
        read(file)
