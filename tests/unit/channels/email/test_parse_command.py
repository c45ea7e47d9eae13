"""`contactcenter mail parse`."""

import json

from typer.testing import CliRunner

from contactcenter.cli.mail import app


def run(*arguments):
    return CliRunner().invoke(app, ["parse", *map(str, arguments)])


def test_a_folder_gives_a_line_for_every_file(tmp_path):
    (tmp_path / "a.eml").write_bytes(b"From: a@b.example\r\nSubject: one\r\n\r\nWhere is my order?")
    (tmp_path / "b.eml").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "c.eml").write_bytes(b"")
    result = run(tmp_path, "--jsonl")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [record["path"].rsplit("/", 1)[1] for record in records] == ["a.eml", "b.eml", "c.eml"]
    assert (records[0]["subject"], records[0]["language"]) == ("one", "en")
    assert records[1]["warnings"]


def test_an_mbox_file_gives_a_line_for_every_mail(tmp_path):
    box = tmp_path / "box.mbox"
    box.write_bytes(
        b"From x Mon Jan  1 00:00:00 2024\nSubject: one\n\nhi\n\nFrom y Mon Jan  1 00:00:00 2024\nSubject: two\n\nho\n"
    )
    records = [json.loads(line) for line in run(box, "--jsonl").stdout.splitlines()]
    assert [(r["path"].rsplit(":", 1)[1], r["subject"]) for r in records] == [("1", "one"), ("2", "two")]


def test_a_missing_path_is_an_error(tmp_path):
    assert run(tmp_path / "nothing").exit_code == 1


def test_without_jsonl_a_short_list_is_printed(tmp_path):
    mail = tmp_path / "a.eml"
    mail.write_bytes(b"From: Bob <a@b.example>\r\nSubject: one\r\n\r\nhi")
    assert "Bob <a@b.example>" in run(mail).stdout
