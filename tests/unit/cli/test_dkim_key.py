"""`contactcenter mail dkim-key`."""

import json

from typer.testing import CliRunner

from contactcenter.cli.mail import app
from contactcenter.settings import load


def run(*arguments):
    return CliRunner().invoke(app, ["dkim-key", *map(str, arguments)])


def test_the_printed_settings_sign_with_the_key_that_was_made(tmp_path):
    said = run("Desk.example", "--data", tmp_path)
    assert said.exit_code == 0
    assert 'desk._domainkey.desk.example. IN TXT "v=DKIM1; k=rsa; p=' in said.output
    (tmp_path / "contactcenter.toml").write_text(said.output[said.output.index("[[outgoing.dkim]]") :])
    (key,) = load(tmp_path).outgoing.dkim
    assert (key.domain, key.selector) == ("desk.example", "desk")
    assert key.private_key.get_secret_value().startswith("-----BEGIN PRIVATE KEY-----")


def test_a_key_that_is_there_is_shown_again(tmp_path):
    first, again = (json.loads(run("desk.example", "--data", tmp_path, "--json").output) for _ in range(2))
    other = json.loads(
        run("desk.example", "--data", tmp_path, "--json", "--selector", "new", "--kind", "ed25519").output
    )
    assert first == again
    assert (other["private_key_file"], "k=ed25519" in other["record"]) == ("keys/new.desk.example.pem", True)


def test_names_that_are_none_are_refused(tmp_path):
    for words in (("../etc",), ("localhost",), ("desk.example", "--selector", "../x"), ("desk.example/..",)):
        assert run(*words, "--data", tmp_path).exit_code == 2
    assert not list(tmp_path.iterdir())
