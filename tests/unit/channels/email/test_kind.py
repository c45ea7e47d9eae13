"""Machines and people told apart."""

import pytest

from contactcenter.channels.email.mime import read_mail
from contactcenter.envelope import MessageKind
from contactcenter.tickets.answering import receipt_text


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


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Re: 保单咨询", "您好，我正在休假，无法及时回复您的邮件，假期结束后会尽快给您回复。"),
        ("回复：您的工单", "这是来自QQ邮箱的自动回复邮件。\n\n您好，我最近正在休假中，无法亲自回复您的邮件。"),
        ("答复: 工单 1001", "我目前不在办公室，如有紧急事务请联系李女士 010-55550100。"),
        ("RE: 工單 1001", "此郵件為系統自動回覆，請勿直接回信。"),
        ("休假中：7月1日返岗", "谢谢来信。"),
        ("【外出】张三", "外出开会。"),
        ("不在通知", "休暇をいただいております。"),
        ("Re: Your ticket", "I am out of the office until Monday with limited access to e-mail.\n\n> We mend it."),
        ("Re: Your ticket", "I'm on annual leave. In urgent cases please contact my colleague Bob."),
        ("Re: Your ticket", "This is an automated response. We received your message."),
        ("AW: Ticket", "Dies ist eine automatische Antwort. Ich bin im Urlaub."),
    ],
)
def test_automatic_answers_that_no_header_tells_of(subject, body):
    assert kind(f"From: a@b.example\r\nSubject: {subject}", body) is MessageKind.AUTO_REPLY


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("保单问题", "我正在外出，无法登录账户，请尽快回复我，谢谢。"),
        ("理赔", "我出差期间摔伤了，请问怎么理赔？我会尽快给您发材料。"),
        ("Late delivery", "I am on holiday until Monday. Could you deliver after that? In urgent cases call me."),
        ("Cancel", "I'm out of the office a lot, so please call me in the evening."),
        ("休假期间保险是否有效", "你好，想了解一下。"),
        ("出差险怎么买", "谢谢"),
        ("Re: ticket", "Thanks, I will get back to you as soon as possible.\n\n> This is an automatic reply."),
        ("自动回复收到了", "可是没有人联系我。"),
        ("外出旅游保险", "外出旅游期间能理赔吗"),
    ],
)
def test_people_who_are_away_are_people(subject, body):
    assert kind(f"From: a@b.example\r\nSubject: {subject}", body) is MessageKind.MESSAGE


@pytest.mark.parametrize("language", ["en", "zh"])
def test_our_own_receipts_are_known_by_their_words_alone(language):
    text = receipt_text(number=1001, subject="Boat", name="Ann", language=language)
    assert kind("From: a@b.example\r\nSubject: Boat", text) is MessageKind.AUTO_REPLY
    assert kind("From: a@b.example\r\nSubject: Boat", f"But where is it\n> {text}") is MessageKind.MESSAGE
