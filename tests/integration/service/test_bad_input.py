"""Bad input, sent to the running service through its own doors: each gets its proper answer and never a traceback."""

from __future__ import annotations

import asyncio
import hashlib
import smtplib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from twilio.request_validator import RequestValidator

from tests.service import ACCOUNT, NUMBER, SUPPORT, TWILIO_TOKEN, Answer, Service, running_service, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")

SID = "SM" + "a" * 32
MESSAGE = "/webhooks/twilio/message"
INSIDE = ("Traceback", 'File "', "sqlalchemy", "psycopg", "aiosmtpd", "aiohttp", "Exception", "object at 0x")
"""Words that would tell a stranger about our inside."""

GARBAGE = {
    "no header at all": b"just text, no header, no blank line",
    "random bytes": bytes(range(256)) * 40,
    "a multipart that never begins": (
        b"From: a@garbage.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nnothing"
    ),
    "a multipart within itself": (
        b"From: b@garbage.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        + b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * 50
    ),
    "broken base64 in an unknown charset": (
        b"From: c@garbage.example\r\nContent-Type: text/plain; charset=klingon-8\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!=====AAAA%%%"
    ),
    "nested brackets in From": b"From: " + b"(" * 1000 + b"\r\nSubject: brackets\r\n\r\nhello",
    "NULs and lone surrogates": b"From: d@garbage.example\r\nSubject: \x00\xed\xa0\x80\r\n\r\n\x00\x00\xff\xfe",
    "encoded words that are none": b"From: =?utf-8?q?=ZZ?= <e@garbage.example>\r\nSubject: =?big5?b?////?=\r\n\r\nx",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="service")
async def _service() -> AsyncIterator[Service]:
    async with running_service() as service:
        yield service


async def with_smtp(service: Service, talk: Callable[[smtplib.SMTP], T]) -> T:
    """What an SMTP client, which blocks, finds out over one connection."""

    def run() -> T:
        with smtplib.SMTP("127.0.0.1", service.smtp_port, "mail.example", timeout=60) as smtp:
            smtp.ehlo()
            return talk(smtp)

    return await asyncio.to_thread(run)


def tells_nothing(reply: str | bytes) -> bool:
    """Whether an answer shows nothing of our inside."""
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return not any(word in text for word in INSIDE)


def is_problem(answer: Answer, status: int) -> bool:
    """Whether an HTTP answer is that problem (RFC 9457) and tells no more."""
    return (
        answer.status == status
        and answer.content_type == "application/problem+json"
        and answer.json["status"] == status
        and tells_nothing(answer.text)
    )


# Mail.


async def test_an_unknown_recipient_is_refused_at_rcpt(service: Service) -> None:
    def talk(smtp: smtplib.SMTP) -> Sequence[tuple[int, bytes]]:
        smtp.mail("ann@customer.example")
        return [smtp.rcpt("nobody@desk.example"), smtp.rcpt("SUPPORT+tag@Desk.Example")]

    unknown, known = await with_smtp(service, talk)
    assert (unknown[0], known[0]) == (550, 250)
    assert tells_nothing(unknown[1])


async def test_a_mail_announced_too_large_is_refused_at_once(service: Service) -> None:
    code, reply = await with_smtp(service, lambda smtp: smtp.mail("ann@customer.example", ["SIZE=99999999"]))
    assert code == 552
    assert tells_nothing(reply)


async def test_a_mail_that_turns_out_too_large_is_refused_after_its_dot(service: Service) -> None:
    def talk(smtp: smtplib.SMTP) -> tuple[int, bytes]:
        smtp.mail("ann@customer.example")
        smtp.rcpt(SUPPORT)
        return smtp.data(b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 1_500_000)

    code, reply = await with_smtp(service, talk)
    assert code == 552
    assert tells_nothing(reply)


async def test_the_hundred_and_first_recipient_is_put_off(service: Service) -> None:
    def talk(smtp: smtplib.SMTP) -> list[int]:
        smtp.mail("ann@customer.example")
        return [smtp.rcpt(f"support+{number}@desk.example")[0] for number in range(101)]

    codes = await with_smtp(service, talk)
    assert codes == [250] * 100 + [452]


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_is_taken_kept_and_shown(service: Service, name: str) -> None:
    raw = GARBAGE[name].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n") + b"\r\n"
    sender = f"{hashlib.sha256(name.encode()).hexdigest()[:12]}@garbage.example"

    def talk(smtp: smtplib.SMTP) -> tuple[int, bytes]:
        smtp.mail(sender)
        smtp.rcpt(SUPPORT)
        return smtp.data(raw)

    code, reply = await with_smtp(service, talk)
    assert code == 250, reply
    blob = hashlib.sha256(raw).hexdigest()
    assert (service.data / "blobs" / blob[:2] / blob[2:]).read_bytes() == raw
    assert await until(lambda: shown(service, blob), f"{name} is on a ticket or in quarantine")


async def shown(service: Service, blob: str) -> bool:
    """Whether the API shows what became of a raw mail: a message on a ticket, or one in quarantine."""
    found = await service.rows("SELECT id::text FROM message WHERE raw_blob = %s AND state <> 'waiting'", blob)
    if not found:
        return False
    quarantine = await service.api("GET", "/quarantine")
    if found[0][0] in {item["id"] for item in quarantine["items"]}:
        return True
    message = await service.api("GET", f"/messages/{found[0][0]}")
    ticket = await service.api("GET", f"/tickets/{message['ticket']}")
    return int(ticket["messages_count"]) >= 1


# Twilio.


def text_fields(**changes: str) -> dict[str, str]:
    """The fields of a customer's text as Twilio sends them."""
    fields = {"MessageSid": SID, "AccountSid": ACCOUNT, "From": "+12025550111", "To": NUMBER, "Body": "hello"}
    return {**fields, **changes}


async def webhook(service: Service, fields: dict[str, str], signature: str | None) -> Answer:
    """A webhook request with a signature of our choice."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if signature is not None:
        headers["X-Twilio-Signature"] = signature
    return await service.request("POST", MESSAGE, data=urlencode(fields), headers=headers)


def signature_of(service: Service, fields: dict[str, str]) -> str:
    """What Twilio would sign them with."""
    return str(RequestValidator(TWILIO_TOKEN).compute_signature(service.url + MESSAGE, fields))


@pytest.mark.parametrize("signature", [None, "", "None", "d3Jvbmc="])
async def test_a_text_without_a_true_signature_is_forbidden(service: Service, signature: str | None) -> None:
    before = await service.count("message")
    assert is_problem(await webhook(service, text_fields(), signature), 403)
    assert await service.count("message") == before


async def test_a_text_for_another_account_is_forbidden(service: Service) -> None:
    fields = text_fields(AccountSid="AC" + "f" * 32)
    assert is_problem(await webhook(service, fields, signature_of(service, fields)), 403)


async def test_fields_folded_into_another_are_refused_although_the_signature_fits(service: Service) -> None:
    honest = text_fields()
    folded = {
        "AccountSid": ACCOUNT,
        "Body": f"helloFrom{honest['From']}MessageSid{honest['MessageSid']}",
        "To": NUMBER,
    }
    signature = signature_of(service, honest)
    assert signature_of(service, folded) == signature
    assert is_problem(await webhook(service, folded, signature), 400)


# The API.


async def test_a_body_that_is_no_json_is_a_problem(service: Service) -> None:
    answer = await service.request("POST", "/api/v1/messages", role="admin", data=b'{"identity": ')
    assert is_problem(answer, 400)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer cc_wrong"}, {"Authorization": "Basic YTpi"}])
async def test_a_wrong_token_is_not_known(service: Service, headers: dict[str, str]) -> None:
    assert is_problem(await service.request("GET", "/api/v1/tickets", headers=headers), 401)


async def test_a_foreign_ticket_does_not_exist(service: Service) -> None:
    body = {"identity": "external:somebody", "subject": "Secret", "text": "For the service queue", "queue": "service"}
    message = await service.api("POST", "/messages", json=body)

    async def number() -> int | None:
        found = await service.api("GET", f"/messages/{message['id']}")
        return found["ticket"] if found["state"] == "done" else None

    ticket = await until(number, "the message has its ticket")
    await service.api("GET", f"/tickets/{ticket}")
    for method, path in (("GET", ""), ("GET", "/messages"), ("POST", "/resolve")):
        answer = await service.request(method, f"/api/v1/tickets/{ticket}{path}", role="agent")
        assert is_problem(answer, 404), f"{method} {path}: {answer}"


async def test_a_path_that_leads_nowhere_is_a_problem(service: Service) -> None:
    assert is_problem(await service.request("GET", "/api/v1/nothing", role="admin"), 404)
