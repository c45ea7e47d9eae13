from pathlib import Path

import pytest

from contactcenter.errors import InvalidInput
from contactcenter.triage.corpus import read_folder, read_table, read_tests
from contactcenter.triage.text import clean

HEADER = "text,category,urgency,sentiment,complaint,language,split\n"


def test_any_table_gives_categories_and_detected_languages(tmp_path):
    file = tmp_path / "f.csv"
    file.write_text("\ufeffq,intent\nWhere is my order,order\n退保,cancel\nnothing,\n", encoding="utf-8")
    corpus = read_table(file, "q", "intent")
    assert [(example.language, example.labels["category"]) for example in corpus.examples] == [
        ("en", "order"),
        ("zh", "cancel"),
    ]
    assert corpus.heads == ("category",)


def test_a_language_column_is_believed(tmp_path):
    file = tmp_path / "f.csv"
    file.write_text("q,intent,l\nok,yes,zh\n", encoding="utf-8")
    assert read_table(file, "q", "intent", "l").examples[0].language == "zh"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"a,b\n1,2\n", "no column q, intent; it has a, b"),
        (b"q,intent\nx\n", "row 2 is too short"),
        (b"\xff\xfe", "codec"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_the_reason(tmp_path, content, complaint):
    file = tmp_path / "f.csv"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=complaint):
        read_table(file, "q", "intent")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidInput, match="No such file"):
        read_table(tmp_path / "none.csv", "q", "intent")


def test_a_folder_gives_one_split_and_phrases_for_training_only(tmp_path):
    rows = "a,billing,low,neutral,0,en,train\nb,refund,high,negative,1,en,test\n"
    (tmp_path / "en.csv").write_text(HEADER + rows, encoding="utf-8")
    (tmp_path / "phrases.en.txt").write_text("== category refund\nmoney back\n", encoding="utf-8")
    train, test = read_folder(tmp_path, "train"), read_folder(tmp_path, "test")
    assert [example.text for example in train.examples] == ["a"]
    assert train.heads == ("category", "urgency", "sentiment", "complaint")
    assert test.examples[0].labels["complaint"] == "yes"
    assert (len(train.phrases), len(test.phrases)) == (1, 0)


def test_the_test_rows_of_a_folder_come_by_file_the_largest_first(tmp_path):
    row = "{},billing,low,neutral,0,en,{}\n"
    (tmp_path / "a.csv").write_text(HEADER + row.format("a", "test"), encoding="utf-8")
    (tmp_path / "b.csv").write_text(HEADER + row.format("b", "test") * 2, encoding="utf-8")
    (tmp_path / "c.csv").write_text(HEADER + row.format("c", "train"), encoding="utf-8")
    assert {name: len(corpus.examples) for name, corpus in read_tests(tmp_path).items()} == {"b.csv": 2, "a.csv": 1}
    assert list(read_tests(tmp_path)) == ["b.csv", "a.csv"]


def test_a_row_of_no_known_split_is_refused(tmp_path):
    (tmp_path / "en.csv").write_text(HEADER + "a,billing,low,neutral,0,en,dev\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="row 2: split is train or test"):
        read_folder(tmp_path, "train")


def test_further_columns_are_welcome(tmp_path):
    header = "text,category,urgency,sentiment,complaint,kind,language,split,template\n"
    (tmp_path / "en.csv").write_text(header + "a,card,low,neutral,1,service,en,train,lost\n", encoding="utf-8")
    (example,) = read_folder(tmp_path, "train").examples
    assert (example.text, example.labels["category"], example.labels["complaint"]) == ("a", "card", "yes")


def test_no_test_row_of_the_starter_model_is_among_its_training_rows():
    folder = Path(__file__).parents[3] / "models/triage-service/corpus"
    train, test = ({clean(one.text) for one in read_folder(folder, split).examples} for split in ("train", "test"))
    assert len(test) > 1_000
    assert not train & test
