"""Bounces as the mail systems of the world write them: kind, address, class of the status, dead for good or not."""

import json
from pathlib import Path

import pytest

from contactcenter.channels.email.mime import read_mail
from contactcenter.envelope import MessageKind

FORMATS = json.loads((Path(__file__).parents[3] / "data" / "mail_bounces.json").read_text(encoding="utf-8"))
ORIGINAL = "From: support@desk.example\nTo: {to}\nSubject: Re: boat\nMessage-ID: <m1@desk.example>\n\nHello\n"


def mail_of(row, told=""):
    returned = told + ORIGINAL.format(to=row["address"])
    head = f"From: {row['from']}\nTo: support@desk.example\nSubject: {row['subject']}\n\n"
    return read_mail(f"{head}{row['body']}{returned}".replace("\n", "\r\n").encode())


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row["name"])
def test_a_bounce_is_known_with_its_address_its_class_and_whether_it_is_final(row):
    mail = mail_of(row)
    assert mail.kind is MessageKind.BOUNCE
    found = [(one.address, one.status[:1], one.hard) for one in mail.bounce]
    assert found == [(row["address"], row["class"], row["gone"])]


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row["name"])
def test_the_mail_that_came_back_is_named(row):
    assert mail_of(row).returned == ("m1@desk.example",)


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row["name"])
def test_the_answer_address_of_the_mail_that_came_back_is_read(row):
    told = f"Reply-To: Desk\n <support+{'r' * 43}@desk.example>\n"
    mail = mail_of(row, told)
    assert mail.returned_reply_to == (f"support+{'r' * 43}@desk.example",)
