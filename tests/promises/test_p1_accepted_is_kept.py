"""P1: what was accepted is kept, once, whatever is killed (RFC 5321, 6.1; RFC 1123, 5.3.3).

Customers' mail servers and Twilio deliver while the whole service, its PostgreSQL included, is killed with SIGKILL at
random moments, and repeat what was not answered. Then every message is accounted for. The same account must find the
fault of a service that answers before it commits, and of one that does not recognise copies.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from contactcenter.knowledge.articles import starter_articles
from tests.promises.correspondence import PERFECT, WORKER_SENDS, Account, Delivery, account, correspondence, settle
from tests.service import Service, running_service, until

SEED = 20261102
SABOTAGE = str(Path(__file__).with_name("sabotage.py"))


@dataclass(frozen=True, slots=True)
class Kills:
    """How often everything is killed, and while it does what."""

    while_taking: int
    while_answering: int = 0


async def kill_at_random(service: Service, delivery: Delivery, kills: Kills, rng: random.Random, offers: int) -> None:
    """Kill everything and start again, at random moments of taking mail in and then of answering it."""
    taken = sorted(rng.sample(range(offers // 20, offers * 19 // 20), kills.while_taking))
    answered = sorted(rng.sample(range(10, 250), kills.while_answering))
    moments = [(moment, lambda: delivery.taken) for moment in taken]
    moments += [(moment, lambda: len(service.post_office.letters)) for moment in answered]
    for moment, reached in moments:

        async def come(moment: int = moment, reached: Callable[[], int] = reached) -> bool:
            return reached() >= moment

        await until(come, f"moment {moment} of the run", within=120, every=0.01)
        await asyncio.sleep(rng.uniform(0, 0.2))
        await service.restart(rng)


async def publish_articles(service: Service) -> None:
    """Let the machine answer, beside writing receipts."""
    published = [json.dumps({**entry, "status": "published"}) for entry in starter_articles()]
    file = service.data / "articles.jsonl"
    file.write_text("\n".join(published), encoding="utf-8")
    await service.cli("knowledge", "import", str(file))


async def run(
    kills: Kills, *, mails: int, texts: int, answers: bool = False, launcher: Sequence[str] = ("-m", "contactcenter")
) -> Account:
    """Send a correspondence to a service that is killed, and account for it."""
    rng = random.Random(SEED)
    sent = correspondence(rng, mails, texts)
    async with running_service(launcher=launcher) as service:
        if answers:
            await publish_articles(service)
        delivery = Delivery(service, sent.offers, rng)
        await asyncio.gather(delivery.run(), kill_at_random(service, delivery, kills, rng, len(sent.offers)))
        assert delivery.taken == len(sent.offers)
        await settle(service)
        return await account(service, sent)


@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_doubled_over_five_kills() -> None:
    found = await run(Kills(while_taking=3, while_answering=2), mails=1000, texts=400, answers=True)
    assert found == PERFECT, str(found)
    assert found.uncertain <= 5 * WORKER_SENDS


@pytest.mark.timeout(300)
async def test_the_account_finds_what_an_early_250_loses() -> None:
    found = await run(Kills(while_taking=2), mails=120, texts=40, launcher=(SABOTAGE, "early-250"))
    assert found.lost > 0, str(found)


@pytest.mark.timeout(300)
async def test_the_account_finds_what_is_doubled_without_a_unique_key() -> None:
    found = await run(Kills(while_taking=0), mails=80, texts=40, launcher=(SABOTAGE, "no-unique-key"))
    assert found.doubled > 0, str(found)
