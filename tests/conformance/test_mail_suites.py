"""Public mails with known answers: what must be understood of mail that nobody here wrote.

The cases and their scorer are a pack of their own, found by ``CONFORMANCE_DIR``; its page says what counts as right.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contactcenter.channels.email.json_lines import to_json
from contactcenter.channels.email.mime import body_digest, read_mail

FOLDER = Path(os.environ.get("CONFORMANCE_DIR", "")) / "mail"

pytestmark = pytest.mark.skipif(
    not os.environ.get("CONFORMANCE_DIR") or not (FOLDER / "score.py").exists(),
    reason="the pack of public mails is not here; CONFORMANCE_DIR names the folder that holds mail/score.py",
)


def mails() -> list[Path]:
    return sorted((FOLDER / "cases").rglob("*.eml"))


def test_every_goal_of_the_public_suites_is_reached() -> None:
    command = f"{sys.executable} -m contactcenter mail parse --jsonl"
    done = subprocess.run(
        [sys.executable, str(FOLDER / "score.py"), "--failures", "--command", command], capture_output=True, text=True
    )
    rows = [line for line in done.stdout.splitlines() if line.endswith((" reached", " MISSED"))]
    assert len(rows) >= 10, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout


def test_every_public_mail_is_read_without_an_exception_or_a_lone_surrogate() -> None:
    assert len(mails()) > 500
    for path in mails():
        mail = read_mail(path.read_bytes())
        body_digest(mail)
        json.dumps(to_json(path.name, mail), ensure_ascii=False).encode("utf-8")
