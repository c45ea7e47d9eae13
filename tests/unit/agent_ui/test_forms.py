"""Forms as they arrive, or do not."""

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request

from contactcenter.agent_ui import session
from contactcenter.errors import InvalidInput


async def test_a_browser_that_is_gone_before_all_was_sent_is_no_fault_of_ours():
    loop = asyncio.get_running_loop()
    body = StreamReader(BaseProtocol(loop), 65_536, loop=loop)
    body.feed_data(b"text=half of")
    body.set_exception(ConnectionResetError("Connection lost"))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "500"}
    request = make_mocked_request("POST", "/tickets/1/draft", headers=headers, payload=body)
    with pytest.raises(InvalidInput, match="cannot be read"):
        await session._form(request, 10_000, 5.0)
