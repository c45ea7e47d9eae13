"""Which recipients failed, with which status, and for good or not."""

import pytest

from contactcenter.channels.email.bounce_reasons import Phase, is_hard, phase_of, reason_of
from contactcenter.channels.email.mime import read_mail

HEAD = "From: MAILER-DAEMON@mx.example\r\nTo: us@desk.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"


def bounced(body, headers=HEAD):
    return [(r.address, r.status, r.hard) for r in read_mail(f"{headers}\r\n{body}".encode()).bounce]


def dsn(*blocks):
    joined = "\r\n\r\n".join(blocks)
    head = HEAD + "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
    body = (
        "--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; x\r\n\r\n{joined}\r\n--b--"
    )
    return bounced(body, head)


def test_a_report_names_each_recipient():
    found = dsn(
        "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 No user",
        "Final-Recipient: rfc822; c@d.example\r\nAction: failed\r\nStatus: 5.2.2\r\nDiagnostic-Code: smtp; 552 Full",
        "Final-Recipient: rfc822; e@f.example\r\nAction: delivered\r\nStatus: 2.0.0",
    )
    assert found == [("a@b.example", "5.1.1", True), ("c@d.example", "5.2.2", False)]


def test_the_remote_servers_code_tells_more_than_a_generic_status():
    found = dsn("Final-Recipient: rfc822; a@b.example\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp;\r\n 550 5.7.26 DMARC")
    assert found == [("a@b.example", "5.7.26", False)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Could not be delivered.\r\n<a@b.example>: host mx said: 550 5.1.1 No such user (in reply to RCPT TO command)",
         ("a@b.example", "5.1.1", True)),
        ("The following failed:\r\n\r\n  a@b.example\r\n    retry timeout exceeded", ("a@b.example", "5.0.0", False)),
        ("The message could not be delivered to a@b.example: mailbox full", ("a@b.example", "5.0.0", False)),
        ("<a@b.example>: Host or domain name not found. Type A: Host not found", ("a@b.example", "5.0.0", True)),
        ("Delivery failed\r\na@b.example 421 4.7.0 try later\r\n\r\n--- Original message ---\r\n\r\n5.1.1",
         ("a@b.example", "4.7.0", False)),
    ],
)  # fmt: skip
def test_free_text(body, expected):
    assert bounced(body) == [expected]


def test_the_returned_mail_is_not_read_for_recipients():
    body = (
        "I could not deliver.\r\n\r\n<a@b.example>:\r\nuser unknown\r\n\r\n"
        "--- Below this line is a copy of the message.\r\n\r\n<z@z.example>:\r\n"
    )
    assert [address for address, _, _ in bounced(body)] == ["a@b.example"]


def test_json_notices_of_a_mail_service():
    raw = (
        b"From: no-reply@sns.example\r\nSubject: Notification\r\n\r\n"
        b'{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"a@b.example",'
        b'"action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}'
    )
    found = read_mail(raw)
    assert (found.kind, found.bounce[0].address, found.bounce[0].hard) == ("bounce", "a@b.example", True)


@pytest.mark.parametrize(
    ("text", "status", "hard"),
    [
        ("user unknown", "5.1.1", True),
        ("mailbox full", "5.1.1", False),
        ("account suspended", "5.2.1", False),
        ("blocked by spamhaus", "5.7.1", False),
        ("Domain does not accept mail (nullMX)", "5.1.10", True),
        ("message too large", "5.3.4", False),
        ("user unknown", "4.1.1", False),
        ("sender address rejected: domain not found", "5.1.8", False),
        ("the user has moved, new address is x", "5.1.6", True),
        ("用户不存在", "5.0.0", True),
        ("", "5.0.0", False),
    ],
)
def test_dead_for_good_or_not(text, status, hard):
    assert is_hard(reason_of(text, status), status) is hard


def test_an_unknown_user_in_answer_to_the_content_is_not_final():
    assert phase_of(">>> DATA\n<<< 550 User unknown") is Phase.DATA
    assert not is_hard(reason_of("550 User unknown", "5.0.0", Phase.DATA), "5.0.0")
    assert is_hard(reason_of("550 User unknown", "5.0.0", Phase.RCPT), "5.0.0")
