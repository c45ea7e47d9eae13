import json

import pytest
from typer.testing import CliRunner

from contactcenter.cli.root import app
from contactcenter.errors import InvalidInput, ModelError, SettingsError


@pytest.fixture
def run(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("CONTACTCENTER_DATABASE__URL", database_url)
    monkeypatch.setenv("CONTACTCENTER_DATA", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, ["triage", *words])


def test_without_corrections_nothing_is_trained_and_it_says_why(run):
    result = run("retrain")
    assert result.exit_code == 0
    assert "nobody has said anything to learn from" in result.output
    assert "stays at work" in result.output
    assert json.loads(run("retrain", "--json").output)[0]["published"] is False


def test_publishing_and_only_comparing_contradict_each_other(run):
    assert isinstance(run("retrain", "--publish", "--dry-run").exception, InvalidInput)


def test_who_orders_it_must_work_here(run):
    assert isinstance(run("retrain", "--by", "nobody@desk.example").exception, InvalidInput)


def test_the_shipped_model_has_nothing_to_go_back_to(run):
    assert isinstance(run("rollback").exception, ModelError)


def test_an_empty_desk_has_no_topics_no_history_and_nothing_to_replay(run):
    assert json.loads(run("topics", "--json").output) == []
    assert json.loads(run("history", "--json").output) == []
    assert run("topics", "--look").exit_code == 0
    assert isinstance(run("replay", "--model", "triage-service").exception, SettingsError)  # not even a queue
    CliRunner().invoke(app, ["init"])
    (found,) = json.loads(run("replay", "--model", "triage-service", "--json").output)
    assert (found["tickets"], found["moved"]) == (0, [])
