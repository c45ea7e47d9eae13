import json

import pytest
from typer.testing import CliRunner

from contactcenter.cli.triage import app
from contactcenter.errors import InvalidInput, ModelError

runner = CliRunner()


def assess(stdin, *arguments):
    return runner.invoke(app, ["assess", *arguments], input=stdin)


def test_a_text_on_standard_input_gives_one_line():
    done = assess("Where is my order A-55812?\nThank you\n", "-")
    (record,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert list(record) == [
        *("id", "language", "category", "urgency", "sentiment", "complaint"),
        *("entities", "answer", "decision", "why", "model"),
    ]
    assert (record["answer"], record["decision"]) == (None, "suggest")


def test_json_lines_give_one_line_each_in_order():
    lines = [json.dumps({"id": f"m{index}", "text": "退保", "subject": None}) for index in range(70)]
    done = assess("\n".join(lines))
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [f"m{index}" for index in range(70)]


def test_complaints_and_other_languages_go_to_people():
    done = assess('{"text": "I want to file a complaint, shame on you!"}\n{"text": "Wo ist meine Bestellung?"}\n')
    assert [json.loads(line)["decision"] for line in done.stdout.splitlines()] == ["route", "route"]


def test_relative_dates_count_from_the_stated_moment():
    done = assess('{"text": "it broke yesterday", "received_at": "2026-03-10T08:00:00Z"}')
    assert json.loads(done.stdout)["entities"][0]["value"] == "2026-03-09"


def test_an_unreadable_line_is_named_and_the_others_are_assessed():
    done = assess('{"text": "退保"}\nnot json\n{"id": 3}\n[1]\n{"id": "x", "text": "ok"}\n')
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 2
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == ["line 2", "line 3", "line 4"]


def test_a_text_that_looks_like_json_is_still_a_text():
    assert json.loads(assess('{"note": 1}').stdout)["id"]


def test_a_lone_surrogate_in_an_id_comes_back_as_an_escape():
    done = assess('{"id": "\\ud800", "text": "\\ud800 ok"}')
    assert json.loads(done.stdout)["id"] == "\ud800"


def test_nothing_to_assess_is_wrong_use():
    assert assess(" \n\n").exit_code == 2


def test_a_file_can_be_named(tmp_path):
    (tmp_path / "mail.txt").write_text("退保", encoding="utf-8")
    done = runner.invoke(app, ["assess", str(tmp_path / "mail.txt")])
    assert json.loads(done.stdout)["category"]["label"] == "cancellation"
    assert isinstance(runner.invoke(app, ["assess", str(tmp_path / "none")]).exception, InvalidInput)


def test_an_unknown_model_is_an_error_of_ours():
    assert isinstance(assess("hello", "--model", "nowhere").exception, ModelError)


@pytest.fixture
def table(tmp_path):
    rows = [
        f"{word} please {index},{label}" for index in range(15) for word, label in (("money", "A"), ("parcel", "B"))
    ]
    path = tmp_path / "f.csv"
    path.write_text("q,intent\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_model_is_trained_evaluated_and_used(tmp_path, table):
    model, report = str(tmp_path / "mine"), tmp_path / "report.json"
    columns = ["--data", str(table), "--text", "q", "--label", "intent"]
    trained = runner.invoke(app, ["train", *columns, "--out", model, "--json"])
    assert json.loads(trained.stdout)[0]["head"] == "category"
    evaluated = runner.invoke(app, ["evaluate", "--model", model, *columns, "--out", str(report)])
    assert "category" in evaluated.stdout
    assert json.loads(report.read_text(encoding="utf-8"))["heads"]["category"]["accuracy"] == 1.0
    record = json.loads(assess("where is my parcel", "--model", model).stdout)
    assert (record["category"]["label"], record["model"].partition("@")[0]) == ("B", "mine")


def test_a_missing_column_is_an_error_of_ours(tmp_path, table):
    done = runner.invoke(
        app, ["train", "--data", str(table), "--text", "none", "--label", "x", "--out", str(tmp_path / "m")]
    )
    assert isinstance(done.exception, InvalidInput)
    assert runner.invoke(app, ["train", "--data", str(table)]).exit_code == 2
