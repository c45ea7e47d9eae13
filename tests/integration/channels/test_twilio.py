"""Twilio's webhooks and REST client against the simulator, over real sockets."""

import socket
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict
from twilio.request_validator import RequestValidator

from contactcenter import clock
from contactcenter.channels.sms.sender import TwilioSender
from contactcenter.channels.sms.webhook import MESSAGE_PATH, STATUS_PATH, TwilioWebhooks
from contactcenter.demo.twilio_simulator import Fault, TwilioSimulator
from contactcenter.envelope import Channel, DeliveryState, FileContent, Identity, IdentityKind, OutboundMessage
from contactcenter.errors import PermanentDelivery, TemporaryDelivery, Unavailable, UncertainDelivery
from contactcenter.settings import Http, Number, Settings, Twilio
from tests.integration.channels.doubles import RecordingReceipts, RecordingSink

ACCOUNT = "AC" + "0" * 32
TOKEN = "a-token"
OURS, CUSTOMER = "+12025550100", "+8613800138000"
SID = "SM" + "ab" * 16
FIELDS = {
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "From": CUSTOMER,
    "To": OURS,
    "Body": "Where is my parcel?",
    "NumMedia": "0",
}


class World:
    """The webhooks behind a socket, a simulator beside them."""

    def __init__(self):
        self.sink, self.receipts = RecordingSink(), RecordingReceipts()
        self.simulator = TwilioSimulator(ACCOUNT, TOKEN, (OURS,))
        self.simulator.step_delay = 0.0

    async def start(self):
        api = await self.simulator.start()
        self.runner = web.AppRunner(web.Application(), shutdown_timeout=0.1)
        # The settings need the port, and the routes the settings.
        listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        number = Number(number=OURS, queue="service")
        self.settings = Settings(
            http=Http(public_url=self.base),
            twilio=Twilio(account_sid=ACCOUNT, auth_token=TOKEN, api_url=api, numbers=(number,)),
        )
        self.simulator.webhook_base = self.base
        self.runner.app.add_routes(TwilioWebhooks(self.settings, self.sink, self.receipts).routes())
        await self.runner.setup()
        await web.SockSite(self.runner, listener).start()
        self.sender = TwilioSender(self.settings, timeout=1.0)
        return self

    async def stop(self):
        await self.sender.close()
        await self.simulator.stop()
        await self.runner.cleanup()

    async def post(self, body, *, path=MESSAGE_PATH, sign=None, headers=None, method="POST"):
        """A request; ``sign`` are the fields that the signature is made of."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        if sign is not None:
            sent["X-Twilio-Signature"] = RequestValidator(TOKEN).compute_signature(self.base + path, sign)
        async with (
            aiohttp.ClientSession() as client,
            client.request(method, self.base + path, data=body, headers=sent) as answer,
        ):
            return answer.status, answer.content_type, await answer.text()


@pytest.fixture
async def world():
    made = await World().start()
    yield made
    await made.stop()


def text(body="Your parcel is on its way", to=CUSTOMER, **more):
    return OutboundMessage("m1", Channel.SMS, Identity(IdentityKind.PHONE, to), body, created_at=clock.now(), **more)


async def test_a_signed_text_is_accepted_and_answered_with_empty_twiml(world):
    status, content_type, body = await world.post(urlencode(FIELDS), sign=FIELDS)
    assert (status, content_type) == (200, "text/xml")
    assert "<Response/>" in body
    [message] = world.sink.messages
    assert (message.ingest_key, message.external_id, str(message.sender)) == (SID, SID, f"phone:{CUSTOMER}")
    assert (message.text, message.queue, message.authenticated) == ("Where is my parcel?", "service", True)


async def test_a_replayed_text_is_accepted_once(world):
    assert await world.simulator.inject(CUSTOMER, OURS, "hello", sid=SID) == 200
    assert await world.simulator.inject(CUSTOMER, OURS, "hello", sid=SID) == 200
    assert len(world.sink.messages) == 1


@pytest.mark.parametrize("signature", [None, "", "wrong", "é", "A" * 28])
async def test_a_missing_or_wrong_signature_is_forbidden(world, signature):
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    status, content_type, _ = await world.post(urlencode(FIELDS), headers=headers)
    assert (status, content_type, world.sink.messages) == (403, "application/problem+json", [])


async def test_two_signatures_are_none(world):
    signature = RequestValidator(TOKEN).compute_signature(world.base + MESSAGE_PATH, FIELDS)
    headers = CIMultiDict([("X-Twilio-Signature", signature), ("X-Twilio-Signature", "x")])
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    async with aiohttp.ClientSession() as client:
        answer = await client.post(world.base + MESSAGE_PATH, data=urlencode(FIELDS), headers=headers)
        assert answer.status == 403


async def test_another_account_is_forbidden(world):
    fields = FIELDS | {"AccountSid": "AC" + "1" * 32}
    assert (await world.post(urlencode(fields), sign=fields))[0] == 403
    assert world.sink.messages == []


async def test_fields_folded_into_the_body_keep_the_signature_and_are_refused(world):
    names = sorted(FIELDS)
    glued = "".join(name + FIELDS[name] for name in names[names.index("Body") + 1 :])
    folded = {"AccountSid": ACCOUNT, "Body": FIELDS["Body"] + glued}
    status, _, body = await world.post(urlencode(folded), sign=FIELDS)
    assert (status, world.sink.messages) == (400, [])
    assert "MessageSid" in body


@pytest.mark.parametrize("name", ["AccountSid", "MessageSid", "From", "To", "Body"])
async def test_a_doubled_field_is_refused(world, name):
    status, _, _ = await world.post(urlencode([*FIELDS.items(), (name, FIELDS[name])]), sign=FIELDS)
    assert (status, world.sink.messages) == (400, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MessageSid", "SM123"),
        ("MessageSid", SID + "\n"),
        ("MessageSid", SID.upper()),
        ("From", "12025550123"),
        ("From", "+1202555012\u0663"),
        ("From", "whatsapp:+12025550123"),
        ("To", "+12025550199"),
        ("To", "' OR 1=1"),
        ("Body", "x" * 10_001),
    ],
)
async def test_a_malformed_field_is_refused(world, name, value):
    fields = FIELDS | {name: value}
    status, content_type, _ = await world.post(urlencode(fields), sign=fields)
    assert (status, content_type, world.sink.messages) == (400, "application/problem+json", [])


@pytest.mark.parametrize("name", ["AccountSid", "MessageSid", "From", "To", "Body"])
async def test_a_missing_field_is_refused(world, name):
    fields = {key: value for key, value in FIELDS.items() if key != name}
    assert (await world.post(urlencode(fields), sign=fields))[0] == 400


async def test_json_is_refused(world):
    headers = {"Content-Type": "application/json"}
    path = MESSAGE_PATH + "?bodySHA256=" + "0" * 64
    assert (await world.post("{}", path=path, headers=headers))[0] == 403
    assert (await world.post("{}", path=path, sign={}, headers=headers))[0] == 400


async def test_get_is_not_allowed(world):
    assert (await world.post(None, method="GET"))[0] == 405


async def test_a_body_of_a_megabyte_is_too_large(world):
    fields = FIELDS | {"Body": "x" * 2**20}
    assert (await world.post(urlencode(fields), sign=fields))[0] == 413


@pytest.mark.parametrize("body", [b"Body=%ff&From=%zz", b"&" * 5000, b"a=1&" * 5000, b"\xff\xfe"])
async def test_an_unreadable_form_is_refused(world, body):
    assert (await world.post(body, sign={}))[0] in {400, 403}


async def test_a_sink_that_is_away_means_later(world):
    world.sink.error = Unavailable("the database is away")
    assert (await world.post(urlencode(FIELDS), sign=FIELDS))[0] == 503
    world.sink.error = RuntimeError("boom")
    status, content_type, body = await world.post(urlencode(FIELDS), sign=FIELDS)
    assert (status, content_type, "boom" in body) == (503, "application/problem+json", False)


async def test_media_elsewhere_than_at_twilio_are_dropped(world):
    media = {"MediaUrl0": "https://api.twilio.com/2010-04-01/a", "MediaContentType0": "image/png"}
    extra = {
        "NumMedia": "4",
        **media,
        "MediaUrl1": "http://169.254.169.254/",
        "MediaUrl2": "https://api.twilio.com@evil/",
    }
    assert await world.simulator.inject(CUSTOMER, OURS, "", extra=extra) == 200
    [message] = world.sink.messages
    assert message.envelope["media"] == [{"url": media["MediaUrl0"], "content_type": "image/png"}]


async def test_a_word_of_opting_out_is_marked(world):
    await world.simulator.inject(CUSTOMER, OURS, " 退订 ")
    await world.simulator.inject(CUSTOMER, OURS, "please stop calling")
    assert [one.envelope["opt_out"] for one in world.sink.messages] == [True, False]


async def test_a_sent_text_is_reported_delivered_by_signed_call_backs(world):
    result = await world.sender.send(text())
    await world.simulator.settled()
    assert (result.external_id, result.state) == (world.simulator.messages[0].sid, DeliveryState.SENT)
    assert world.simulator.messages[0].news == [("sent", 204), ("delivered", 204)]
    assert [one.state for one in world.receipts.receipts] == [DeliveryState.SENT, DeliveryState.DELIVERED]


async def test_a_failed_text_tells_twilios_error(world):
    world.simulator.steps = ("undelivered",)
    await world.sender.send(text())
    await world.simulator.settled()
    [receipt] = world.receipts.receipts
    assert (receipt.state, receipt.detail) == (DeliveryState.UNDELIVERED, "Twilio error 30003")


async def test_a_status_nobody_knows_is_passed_over_and_a_malformed_one_refused(world):
    fields = {"AccountSid": ACCOUNT, "MessageSid": SID, "MessageStatus": "teleported"}
    assert (await world.post(urlencode(fields), path=STATUS_PATH, sign=fields))[0] == 204
    fields["MessageStatus"] = "DELIVERED!"
    assert (await world.post(urlencode(fields), path=STATUS_PATH, sign=fields))[0] == 400
    assert world.receipts.receipts == []


async def test_a_number_that_twilio_refuses_is_a_permanent_failure(world):
    with pytest.raises(PermanentDelivery) as caught:
        await world.sender.send(text(to="12"))
    assert caught.value.code == "21211"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=500), TemporaryDelivery),
        (Fault(status=429, code=20429), TemporaryDelivery),
        (Fault(status=504), UncertainDelivery),
        (Fault(hang=1.5), UncertainDelivery),
        (Fault(cut=True), UncertainDelivery),
    ],
)
async def test_a_failing_twilio_says_whether_to_try_again(world, fault, error):
    world.simulator.fault = fault
    with pytest.raises(error):
        await world.sender.send(text())


async def test_an_unreachable_twilio_is_a_temporary_failure(world):
    await world.simulator.stop()
    with pytest.raises(TemporaryDelivery):
        await world.sender.send(text())


async def test_a_wrong_token_is_a_permanent_failure(world):
    world.simulator.auth_token = "another"
    with pytest.raises(PermanentDelivery) as caught:
        await world.sender.send(text())
    assert caught.value.code == "20003"


async def test_an_interrupted_text_is_found_again(world):
    message = text()
    assert await world.sender.find(message) is None
    world.simulator.fault = Fault(cut=True, kept=True)
    with pytest.raises(UncertainDelivery):
        await world.sender.send(message)
    found = await world.sender.find(message)
    assert found.external_id == world.simulator.messages[0].sid
    assert await world.sender.find(text("something else")) is None


async def test_files_do_not_go_by_text(world):
    with pytest.raises(PermanentDelivery):
        await world.sender.send(text(files=(FileContent("a.pdf", "application/pdf", b"x"),)))


async def test_without_an_account_there_is_no_webhook_and_no_text():
    settings = Settings()
    assert TwilioWebhooks(settings, RecordingSink(), RecordingReceipts()).routes() == []
    with pytest.raises(PermanentDelivery, match="twilio"):
        await TwilioSender(settings).send(text())
