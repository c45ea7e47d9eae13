"""Fixtures of the attacks."""

import pytest

from tests.attacks.house import House, PostRoom


@pytest.fixture
async def house(store):
    made = await House(store).start()
    yield made
    await made.stop()


@pytest.fixture
async def room(store):
    return await PostRoom(store).open()
