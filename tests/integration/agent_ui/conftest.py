"""Fixtures of the console's tests."""

import pytest

from tests.integration.agent_ui.visitor import Building


@pytest.fixture
async def building(store):
    made = await Building(store).start()
    yield made
    await made.stop()
