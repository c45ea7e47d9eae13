"""Fixtures of the API's tests."""

import pytest

from tests.integration.api.world import World


@pytest.fixture
async def world(store):
    made = await World(store).start()
    yield made
    await made.stop()
