"""Machines and people told apart."""

import pytest

from contactcenter.channels.email.mime import read_mail
from contactcenter.envelope import MessageKind


def kind(headers, body="hello"):
    return read_mail(f"{headers}\r\n\r\n{body}".encode()).kind


@pytest.mark.parametrize(
    "headers",
    [
        "From: a@b.example\r\nSubject: Re: your question",
        "From: a@b.example\r\nSubject: I got an Undeliverable mail from you, why?",
        "From: a@b.example\r\nSubject: Out of stock",
        "From: a@b.example\r\nSubject: 自动扣款问题",
        "From: a@b.example\r\nSubject: my vacation insurance\r\nAuto-Submitted: no",
        "From: postmaster@b.example\r\nSubject: Question about your invoice",
        "Subject: no sender at all",
    ],
)
def test_people_are_people(headers):
    assert kind(headers) is MessageKind.MESSAGE


@pytest.mark.parametrize(
    "headers",
    [
        "From: a@b.example\r\nAuto-Submitted: auto-replied (vacation)",
        "From: a@b.example\r\nX-Autoreply: yes",
        "From: a@b.example\r\nPrecedence: auto_reply",
        "From: a@b.example\r\nSubject: Automatic reply: invoice",
        "From: a@b.example\r\nSubject: Out of Office: back Monday",
        "From: a@b.example\r\nSubject: 自动回复: 您好",
        "From: a@b.example\r\nSubject: Abwesenheitsnotiz",
        "From: a@b.example\r\nSubject: =?utf-8?B?6Ieq5Yqo5Zue5aSN77ya5pS25Yiw?=",
    ],
)
def test_automatic_answers(headers):
    assert kind(headers) is MessageKind.AUTO_REPLY


@pytest.mark.parametrize("header", ["List-Id: <x.y>", "List-Unsubscribe: <https://x.example>", "Precedence: bulk"])
def test_lists_and_bulk_mail(header):
    assert kind(f"From: a@b.example\r\n{header}") is MessageKind.LIST


def report(kind_of_report, part_type, body):
    return (
        f"From: x@y.example\r\nContent-Type: multipart/report; report-type={kind_of_report}; boundary=b\r\n\r\n"
        f"--b\r\n\r\nSee below.\r\n--b\r\nContent-Type: {part_type}\r\n\r\n{body}\r\n--b--"
    ).encode()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            report("delivery-status", "message/delivery-status", "Final-Recipient: rfc822; a@b\r\nAction: failed"),
            "bounce",
        ),
        (
            report("delivery-status", "message/delivery-status", "Final-Recipient: rfc822; a@b\r\nAction: delayed"),
            "bounce",
        ),
        (
            report("delivery-status", "message/delivery-status", "Final-Recipient: rfc822; a@b\r\nAction: delivered"),
            "delivery-receipt",
        ),
        (
            report(
                "disposition-notification", "message/disposition-notification", "Disposition: manual-action; displayed"
            ),
            "delivery-receipt",
        ),
        (report("feedback-report", "message/feedback-report", "Feedback-Type: abuse"), "feedback-report"),
    ],
)
def test_reports(raw, expected):
    assert read_mail(raw).kind == expected


def test_a_bounce_without_a_report_is_known_by_sender_and_subject():
    found = read_mail(
        b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n<a@b.example>:\r\n550 no such user"
    )
    assert found.kind is MessageKind.BOUNCE
    assert found.bounce[0].address == "a@b.example"


def test_a_person_who_forwards_a_bounce_is_a_person():
    headers = "From: a@b.example\r\nSubject: Fwd: Undelivered Mail Returned to Sender"
    assert kind(headers, "What is this?\r\n550 5.1.1 user unknown, could not be delivered") is MessageKind.MESSAGE


@pytest.mark.parametrize("header", ["X-Auto-Response-Suppress: All", "Return-Path: <>", "Feedback-ID: 1:x"])
def test_a_message_of_a_machine_may_not_be_answered_by_one(header):
    found = read_mail(f"From: a@b.example\r\n{header}\r\n\r\nYour order was sent".encode())
    assert (found.kind, found.automatic) == (MessageKind.MESSAGE, True)
