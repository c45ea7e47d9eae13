"""What the customer newly wrote, for the mail programs people use (cases in `tests/data/mail_replies.json`)."""

import json
from pathlib import Path

import pytest

from contactcenter.channels.email.html_text import html_lines
from contactcenter.channels.email.lines import text_lines
from contactcenter.channels.email.visible_reply import split_reply

CASES = json.loads((Path(__file__).parents[3] / "data" / "mail_replies.json").read_text("utf-8"))


@pytest.mark.parametrize("name", CASES["plain"])
def test_quotations_of_plain_bodies_go(name):
    case = CASES["plain"][name]
    assert split_reply(text_lines(case["body"])).visible == case["visible"]


@pytest.mark.parametrize("name", CASES["kept"])
def test_the_customers_own_words_stay(name):
    assert split_reply(text_lines(CASES["kept"][name])).visible == CASES["kept"][name]


@pytest.mark.parametrize("name", CASES["signed"])
def test_signatures_are_kept_apart(name):
    case = CASES["signed"][name]
    reply = split_reply(text_lines(case["body"]))
    assert reply.visible == case["visible"]
    assert case["signature"] is None or reply.signature == case["signature"]


@pytest.mark.parametrize("name", CASES["html"])
def test_quotations_of_html_bodies_go(name):
    case = CASES["html"][name]
    assert split_reply(html_lines(case["body"])[0]).visible == case["visible"]


def test_no_word_of_a_mail_is_lost():
    body = "My words\n\nBest regards,\nBob\n\nOn Tue, Mar 5, 2024 at 10:12 AM S <s@d.example> wrote:\n> theirs\n"
    reply = split_reply(text_lines(body))
    assert sorted(f"{reply.visible} {reply.signature} {reply.quoted}".split()) == sorted(body.split())
