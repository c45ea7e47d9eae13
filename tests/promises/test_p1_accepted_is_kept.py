"""P1: what was accepted is kept, once, whatever is killed (RFC 5321, 6.1; RFC 1123, 5.3.3).

Customers' mail servers and Twilio deliver while the whole service, its PostgreSQL included, is killed with SIGKILL at
random moments, and repeat what was not answered. Then every message is accounted for. The same account must find the
fault of a service that answers before it commits, and of one that does not recognise copies.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.promises.correspondence import PERFECT, WORKER_SENDS, Account, Delivery, account, correspondence, settle
from tests.service import Service, running_service, until

SEED = 20261102
SABOTAGE = str(Path(__file__).with_name("sabotage.py"))


async def kill_at(service: Service, delivery: Delivery, moments: Sequence[int], rng: random.Random) -> None:
    """Kill everything and start again at each moment: so many messages taken and automatic letters sent."""

    async def come(moment: int) -> bool:
        return delivery.taken + len(service.post_office.letters) >= moment

    for moment in moments:
        await until(lambda moment=moment: come(moment), f"moment {moment} of the run", within=120, every=0.01)
        await asyncio.sleep(rng.uniform(0, 0.2))
        await service.restart(rng)


async def run(*, mails: int, texts: int, kills: int, launcher: Sequence[str] = ("-m", "contactcenter")) -> Account:
    """Send a correspondence to a service that is killed, and account for it."""
    rng = random.Random(SEED)
    sent = correspondence(rng, mails, texts)
    moments = sorted(rng.sample(range(len(sent.offers) // 20, int(len(sent.offers) * 1.1)), kills))
    async with running_service(launcher=launcher) as service:
        delivery = Delivery(service, sent.offers, rng)
        await asyncio.gather(delivery.run(), kill_at(service, delivery, moments, rng))
        assert delivery.taken == len(sent.offers)
        await settle(service)
        return await account(service, sent)


@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_doubled_over_five_kills() -> None:
    found = await run(mails=1000, texts=400, kills=5)
    print(found)
    assert found == PERFECT, str(found)
    assert found.uncertain <= 5 * WORKER_SENDS


@pytest.mark.timeout(300)
async def test_the_account_finds_what_an_early_250_loses() -> None:
    found = await run(mails=150, texts=50, kills=2, launcher=(SABOTAGE, "early-250"))
    print(found)
    assert found.lost > 0


@pytest.mark.timeout(300)
async def test_the_account_finds_what_is_doubled_without_a_unique_key() -> None:
    found = await run(mails=150, texts=50, kills=1, launcher=(SABOTAGE, "no-unique-key"))
    print(found)
    assert found.doubled > 0
