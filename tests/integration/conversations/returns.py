"""Bounces and receipts as mail systems write them, about a mail that was sent."""

from email.message import EmailMessage

from contactcenter.channels.email.plus_tags import plus_address
from tests.attacks.house import OURS

ANN = "ann@customer.example"


def bounce(message_id, recipient=ANN, *, status="5.1.1", action="failed", said="550 no such user"):
    """A delivery status notification (RFC 3464) that returns the header of a mail."""
    return _report(
        "MAILER-DAEMON@mx.example",
        "Undelivered Mail Returned to Sender",
        "delivery-status",
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {recipient}\nAction: {action}\n"
        f"Status: {status}\nDiagnostic-Code: smtp; {said}\n",
        ("text/rfc822-headers", f"From: {OURS}\nTo: {recipient}\nMessage-ID: <{message_id}>\n"),
        f"dsn-{status}-{message_id}",
    )


def rewritten_bounce(token, recipient=ANN):
    """What a provider reports that gave our mail an id of its own: only the Reply-To is still ours."""
    head = f"Reply-To: Desk <{plus_address(OURS, token)}>\nTo: {recipient}\nMessage-ID: <0100-77@provider.example>\n"
    return _report(
        "MAILER-DAEMON@provider.example",
        "Delivery Status Notification (Failure)",
        "delivery-status",
        f"Reporting-MTA: dns; provider.example\n\nFinal-Recipient: rfc822; {recipient}\nAction: failed\n"
        "Status: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n",
        ("message/rfc822", f"{head}\nHello\n"),
        f"rewritten-{recipient}-{token[-9:]}",
    )


def read_receipt(message_id, recipient=ANN):
    """A disposition notification (RFC 8098)."""
    fields = (
        f"Final-Recipient: rfc822; {recipient}\nOriginal-Message-ID: <{message_id}>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n"
    )
    return _report(recipient, "Read: My boat", "disposition-notification", fields, (), f"mdn-{message_id}")


def plain_bounce(message_id, recipient=ANN):
    """What qmail writes: no report, the whole mail in the text."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "MAILER-DAEMON@mx.example", OURS, "failure notice"
    made["Message-ID"] = f"<plain-{message_id}>"
    made.set_content(
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the "
        "following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{recipient}>:\n550 5.1.1 unknown user\n\n--- Below this line is a copy of the message.\n\n"
        f"From: {OURS}\nTo: {recipient}\nMessage-ID: <{message_id}>\n\nHello\n"
    )
    return made.as_bytes()


def _report(sender, subject, kind, fields, returned, message_id):
    parts = [("text/plain", f"{subject}.\n"), (f"message/{kind}", fields), *([returned] if returned else [])]
    body = "".join(f"--b\nContent-Type: {content_type}\n\n{content}\n" for content_type, content in parts)
    return (
        f"From: {sender}\nTo: {OURS}\nSubject: {subject}\nMessage-ID: <{message_id}>\nAuto-Submitted: auto-replied\n"
        f'MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary="b"\n\n{body}--b--\n'
    ).encode()
