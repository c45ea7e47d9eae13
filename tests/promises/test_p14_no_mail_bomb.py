"""P14: nobody can use us to bomb others with mail (RFC 3834, 2 and 5).

Forged senders get nothing while nobody proves them: SPF and DKIM fail, are missing, or are said to pass by the sender
himself. Proven ones get three receipts an hour and recipient at most, however their address is spelled.
"""

from __future__ import annotations

import os
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from tests.promises.correspondence import settle
from tests.service import SUPPORT, Service, running_service

FORGED = int(os.environ.get("P14_MAILS", "120"))
"""Forged senders: 10,000 for a release."""

SABOTAGE = str(Path(__file__).with_name("sabotage.py"))
STRANGERS = {
    "CONTACTCENTER_SMTP__TRUSTED": "[]",
    "CONTACTCENTER_SMTP__ASSUME_AUTHENTICATED": "[]",
    "CONTACTCENTER_SMTP__AUTHSERV_ID": "mx.desk.example",
}
CLAIMS = (
    "",
    "mx.desk.example; spf=fail smtp.mailfrom=evil.invalid; dkim=fail header.d=victim.invalid",
    "mx.desk.example; dmarc=pass header.from=victim.invalid; dkim=pass header.d=victim.invalid",
    "mx.elsewhere.invalid; spf=pass smtp.mailfrom=victim.invalid",
    "mx.desk.example; spf=unknown; dkim=neutral",
)


def mail(number: int, sender: str, claim: str = "") -> EmailMessage:
    """A question of somebody, with what he claims of himself."""
    made = EmailMessage()
    made["Message-ID"] = f"<{number}@victim.invalid>"
    made["From"], made["To"], made["Subject"] = sender, SUPPORT, f"Where is my parcel {number}?"
    if claim:
        made["Authentication-Results"] = claim
    made.set_content(f"Where is my parcel {number}? I have been waiting for a week.")
    return made


async def deliver(service: Service, mails: list[EmailMessage]) -> None:
    """Hand mails over, a few at a time."""
    for start in range(0, len(mails), 50):
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=service.smtp_port, start_tls=False) as client:
            for made in mails[start : start + 50]:
                await client.send_message(made, sender="bomber@evil.invalid", recipients=[SUPPORT])
    await settle(service)


def forged() -> list[EmailMessage]:
    """One mail each in the name of many victims."""
    return [mail(number, f"victim{number}@victim.invalid", CLAIMS[number % len(CLAIMS)]) for number in range(FORGED)]


@pytest.mark.timeout(3600)
async def test_forged_senders_get_nothing_and_nothing_is_lost() -> None:
    async with running_service(env=STRANGERS) as service:
        await deliver(service, forged())
        assert await service.count("message WHERE direction = 'in' AND state = 'done'") == FORGED
        assert await service.count("ticket") == FORGED
        assert (await service.count("automatic_mail"), service.post_office.letters) == (0, [])


@pytest.mark.timeout(300)
async def test_a_proven_recipient_gets_three_an_hour_however_he_is_spelled() -> None:
    spellings = ("ann@customer.example", "Ann@Customer.EXAMPLE", "ann+1@customer.example", "ann+2@customer.example")
    async with running_service() as service:
        mails = [mail(number, spellings[number % len(spellings)]) for number in range(16)]
        await deliver(service, [*mails, *(mail(100 + number, "bob@customer.example") for number in range(6))])
        mailboxes = Counter(letter.to.partition("@")[0].partition("+")[0] for letter in service.post_office.letters)
        assert await service.count("ticket") == 22
        assert mailboxes == {"ann": 3, "bob": 3}


@pytest.mark.timeout(300)
async def test_without_guards_the_bomb_goes_off() -> None:
    async with running_service(env=STRANGERS, launcher=(SABOTAGE, "no-guards")) as service:
        await deliver(service, forged()[:20])
        assert len(service.post_office.letters) == 20
