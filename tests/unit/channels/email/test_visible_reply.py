"""What the customer newly wrote, for the mail programs people use (cases in `tests/data/mail_replies.json`)."""

import json
import textwrap
from pathlib import Path

import pytest

from contactcenter.channels.email.html_text import html_lines
from contactcenter.channels.email.lines import text_lines
from contactcenter.channels.email.visible_reply import split_reply

CASES = json.loads((Path(__file__).parents[3] / "data" / "mail_replies.json").read_text("utf-8"))


@pytest.mark.parametrize("name", CASES["plain"])
def test_quotations_of_plain_bodies_go(name):
    case = CASES["plain"][name]
    reply = split_reply(text_lines(case["body"]))
    assert reply.visible == case["visible"]
    assert reply.signature == case.get("signature", reply.signature)


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
    reply = split_reply(html_lines(case["body"])[0])
    assert reply.visible == case["visible"]
    assert reply.signature == case.get("signature", reply.signature)


OWN = "The second invoice is still wrong.\n\nCan you check it again?"
THEIRS = "Hello Bob,\n\nwe have corrected your invoice.\n\nYour support"
MARKED = "> Hello Bob,\n>\n> we have corrected your invoice.\n"


@pytest.mark.parametrize("introduction", CASES["introductions"])
def test_an_introduction_goes_with_marks_below_it_and_without_and_when_it_is_wrapped(introduction):
    for below in (f"\n{MARKED}", MARKED, f"\n{THEIRS}"):
        assert split_reply(text_lines(f"{OWN}\n\n{introduction}\n{below}")).visible == OWN
    wrapped = "\n".join(textwrap.wrap(introduction, 76, break_long_words=False, break_on_hyphens=False))
    assert split_reply(text_lines(f"{OWN}\n\n{wrapped}\n{MARKED}")).visible == OWN


@pytest.mark.parametrize("separator", CASES["separators"])
def test_a_separator_starts_the_quotation(separator):
    assert split_reply(text_lines(f"{OWN}\n\n{separator}\n\n{THEIRS}")).visible == OWN


@pytest.mark.parametrize("header", CASES["headers"])
def test_the_repeated_header_of_a_mail_starts_the_quotation(header):
    for start in (header, f"________________________________\n{header}", header.replace("\n", "\n\n")):
        assert split_reply(text_lines(f"{OWN}\n\n{start}\n\n{THEIRS}")).visible == OWN


@pytest.mark.parametrize("device", CASES["devices"])
def test_the_line_of_a_device_is_no_word_of_the_customer(device):
    for below in ("", f"\n\nOn Tue, Mar 5, 2024 at 10:12 AM S <s@d.example> wrote:\n{MARKED}"):
        reply = split_reply(text_lines(f"{OWN}\n\n{device}{below}"))
        assert (reply.visible, reply.signature) == (OWN, device)


def test_no_word_of_a_mail_is_lost():
    body = "My words\n\nBest regards,\nBob\n\nOn Tue, Mar 5, 2024 at 10:12 AM S <s@d.example> wrote:\n> theirs\n"
    reply = split_reply(text_lines(body))
    assert sorted(f"{reply.visible} {reply.signature} {reply.quoted}".split()) == sorted(body.split())
