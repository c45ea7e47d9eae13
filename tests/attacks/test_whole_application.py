"""P15, A40, A42, A59: the application as it is wired, seen from the street. What is open to strangers is in a list."""

import asyncio

import pytest
from aiohttp.test_utils import TestClient, TestServer

from contactcenter.app.doors import Doors
from contactcenter.channels.sms import webhook
from contactcenter.settings import Number, Settings, Twilio
from contactcenter.tickets.seeds import seed_defaults
from tests.attacks.house import BOXES

ID = "01900000-0000-7000-8000-000000000000"
SID = "AC" + "0" * 32
OPEN = {
    "/": "the sign-in",
    "/language": "its language",
    "/password": "asking for a new password",
    "/healthz": "liveness",
    "/readyz": "readiness",
    "/metrics": "figures, no names",
    "/api/docs": "how the API works",
    "/api/v1/openapi.json": "the same for programs",
    "/help/en": "the way there",
    "/help/en/": "what everybody may read: tests/attacks/test_help_pages.py",
}
CLOSED = {303, 401, 403, 404, 405}


@pytest.fixture
async def street(store):
    """A browser before the whole application, and the application."""
    twilio = Twilio(account_sid=SID, auth_token="x" * 32, numbers=(Number(number="+12025550100"),))
    settings = Settings(data=store.blobs._root.parent, mailboxes=BOXES, twilio=twilio)
    async with store.transaction() as uow:
        await seed_defaults(uow, settings)
    application = Doors(settings, store).application()
    client = TestClient(TestServer(application))
    await client.start_server()
    yield client, application
    await client.close()


async def test_p15_every_route_is_closed_to_strangers_or_in_the_list(street):
    client, application = street
    wide = set()
    for route in application.router.routes():
        path = route.resource.canonical.replace("{number}", "1000")
        if path.startswith(("/static/", "/widget", "/chat/")) and route.method in {"GET", "HEAD"}:
            continue  # files of the package, looked at below, and the visitors' socket
        path = path.replace("{language}", "en")
        for name in ("id", "message_id", "customer_id", "article_id", "token", "rest"):
            path = path.replace(f"{{{name}}}", ID)
        method = "GET" if route.method == "*" else route.method
        answer = await client.request(method, path, allow_redirects=False)
        if answer.status not in CLOSED:
            wide.add(route.resource.canonical.replace("{language}", "en"))
    assert wide <= set(OPEN)


async def test_a40_nothing_comes_in_by_a_webhook_without_a_signature(street):
    client, _ = street
    fields = {"AccountSid": SID, "MessageSid": "SM" + "0" * 32, "From": "+12025550123", "To": "+12025550100"}
    for path in ("/webhooks/twilio/message", "/webhooks/twilio/status"):
        for headers in ({}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "AAAA"}):
            assert (await client.post(path, data=fields, headers=headers)).status in {400, 403}, path
        assert (await client.get(path, params=fields)).status == 405


async def test_a40_who_sends_to_a_webhook_drop_by_drop_is_not_waited_for(street, monkeypatch):
    monkeypatch.setattr(webhook, "MAX_SECONDS", 0.05)
    client, _ = street
    never = asyncio.Event()

    async def drops():
        yield b"AccountSid=AC"
        await never.wait()

    async with client.post("/webhooks/twilio/message", data=drops()) as answer:
        assert answer.status == 400


async def test_a59_what_is_served_as_a_file_is_one_of_the_packages_files(street):
    client, _ = street
    outside = ("/static/..%2f..%2fsettings.py", "/chat/..%2f..%2fsocket.py", "/widget.js/../x", "/static/%00")
    for path in (*outside, "/chat/ws/x"):
        assert (await client.get(path)).status in {400, 403, 404}, path
    assert (await client.get("/chat/ws", headers={"Origin": "https://evil.example"})).status == 403


async def test_a42_no_page_repeats_the_host_it_was_asked_by(street):
    client, _ = street
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "evil"}
    for path in (*OPEN, "/widget.js", "/api/v1/nothing", "/nothing", "/inbox"):
        answer = await client.get(path, headers=headers, allow_redirects=False)
        assert "evil" not in await answer.text() + str(answer.headers), path


async def test_p22_the_open_figures_name_nobody(street):
    client, _ = street
    assert "desk.example" not in await (await client.get("/metrics")).text()
    assert SID not in await (await client.get("/readyz")).text()
