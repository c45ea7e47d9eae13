"""A question comes by mail or by text message and its answer goes out, through real sockets on both sides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest_asyncio

from contactcenter import clock
from contactcenter.demo.post_office import post
from tests.service import NUMBER, SUPPORT, Service, running_service, until

QUESTION = "I forgot my password and cannot sign in any more. How do I reset my password?"
ARTICLE = {
    "title": "How to reset your password",
    "text": "Open the sign-in page and choose **Forgotten your password?**. We send you a link straight away.",
    "language": "en",
    "status": "published",
    "category": "account_access",
    "questions": ["How do I reset my password?", "I forgot my password and cannot sign in"],
}
CUSTOMER, PHONE = "grace@customer.example", "+12025550111"


@pytest_asyncio.fixture(name="service")
async def _service() -> AsyncIterator[Service]:
    async with running_service() as service:
        yield service


def letter(subject: str, text: str, message_id: str) -> EmailMessage:
    """A mail of the customer's."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Grace Holloway <{CUSTOMER}>", SUPPORT, subject
    mail["Message-ID"], mail["Date"] = f"<{message_id}>", format_datetime(clock.now())
    mail.set_content(f"Hello,\n\n{text}\n\nThank you\nGrace\n")
    return mail


async def only_ticket(service: Service, status: str) -> Any:
    """The one ticket there is, as soon as it is in that state."""

    async def found() -> Any:
        tickets = (await service.api("GET", "/tickets"))["items"]
        return tickets[0] if [one["status"] for one in tickets] == [status] else None

    return await until(found, f"one ticket, {status}")


async def test_a_question_by_mail_is_answered_by_the_machine_in_its_thread(service: Service) -> None:
    await service.api("POST", "/articles", json=ARTICLE)
    question = letter("How do I reset my password?", QUESTION, "question-1@customer.example")
    await post(question, host="127.0.0.1", port=service.smtp_port)
    async with asyncio.timeout(60):
        arrived = await service.post_office.wait_for(CUSTOMER)

    answer = arrived[0].message
    assert answer["Auto-Submitted"] == "auto-replied"
    assert answer["In-Reply-To"] == answer["References"] == question["Message-ID"]
    assert answer["Subject"] == f"Re: {question['Subject']}"
    assert SUPPORT in str(answer["From"])
    assert "Forgotten your password?" in str(answer.get_payload(0).get_payload(decode=True), "utf-8")
    ticket = await only_ticket(service, "resolved")
    assert (ticket["answered_by"], ticket["messages_count"]) == ("machine", 2)


async def test_the_customers_reply_to_the_machine_reaches_a_person(service: Service) -> None:
    await service.api("POST", "/articles", json=ARTICLE)
    await post(
        letter("How do I reset my password?", QUESTION, "q@customer.example"), host="127.0.0.1", port=service.smtp_port
    )
    async with asyncio.timeout(60):
        answer = (await service.post_office.wait_for(CUSTOMER))[0].message
    reply = letter(
        "Re: How do I reset my password?", "The link does not work. Can somebody call me?", "r@customer.example"
    )
    reply["In-Reply-To"] = answer["Message-ID"]
    reply["References"] = f"{answer['References']} {answer['Message-ID']}"
    await post(reply, host="127.0.0.1", port=service.smtp_port)

    ticket = await only_ticket(service, "open")
    assert ticket["messages_count"] == 3
    assert len(service.post_office.received(CUSTOMER)) == 1  # one automatic mail a conversation and day


async def test_a_text_is_answered_through_twilio_and_its_receipt_believed(service: Service) -> None:
    assert (
        await service.twilio.inject(PHONE, NUMBER, "pls call me back about my claim C-771204, evening is best") == 200
    )
    ticket = await only_ticket(service, "new")
    assert (ticket["channel"], ticket["answered_by"]) == ("sms", None)

    reply = {"kind": "reply", "text": "We call you at 6 pm. Anna"}
    written = await service.api("POST", f"/tickets/{ticket['number']}/messages", json=reply)
    assert written["delivery"]["status"] == "queued"
    async with asyncio.timeout(60):
        sent = (await service.twilio.wait_for(PHONE))[0]
    assert (sent.sender, sent.body) == (NUMBER, reply["text"])

    async def delivered() -> Any:
        message = await service.api("GET", f"/messages/{written['id']}")
        return message if message["delivery"]["status"] == "delivered" else None

    message = await until(delivered, "the call-back moved it to delivered")
    assert message["external_id"] == sent.sid
    await service.twilio.settled()
    assert [status for status, _answer in sent.news] == ["sent", "delivered"]
    assert all(answer == 204 for _status, answer in sent.news)
