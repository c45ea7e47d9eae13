"""Twilio's webhooks: messages in and news about messages out.

The signature comes first, but it proves less than it seems: the signed text is the fields glued together without
separators, so a captured signature stays valid after ``From`` and ``MessageSid`` are folded into ``Body``. Hence every
field that is used must be there exactly once and look exactly as Twilio writes it. A replayed request names a message
that is known already and changes nothing.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest
from urllib.parse import parse_qsl, urlsplit

import structlog
from aiohttp import web
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from contactcenter import clock
from contactcenter.channels.sms.optout import is_opt_out
from contactcenter.envelope import (
    Channel,
    DeliveryState,
    Identity,
    IdentityKind,
    InboundMessage,
    MessageSink,
    Receipt,
    ReceiptSink,
)
from contactcenter.errors import ContactCenterError, Forbidden, InvalidInput, TooLarge, Unavailable
from contactcenter.settings import Settings

log = structlog.get_logger(__name__)

MESSAGE_PATH = "/webhooks/twilio/message"
STATUS_PATH = "/webhooks/twilio/status"
MAX_BODY = 64 * 1024  # bytes of a request
MAX_SECONDS = 15.0  # it may take to arrive; Twilio itself waits no longer for an answer
MAX_FIELDS = 200
MAX_TEXT = 10_000  # characters; Twilio's own limit is 1,600
MAX_MEDIA = 10

TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""Says: taken, and nothing to answer."""

_SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_STATUS_WORD = re.compile(r"[a-z_]{1,30}")
_ERROR_CODE = re.compile(r"[0-9]{1,6}")

STATES: Mapping[str, DeliveryState] = {
    "accepted": DeliveryState.QUEUED,
    "scheduled": DeliveryState.QUEUED,
    "queued": DeliveryState.QUEUED,
    "sending": DeliveryState.SENDING,
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.UNDELIVERED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
"""Twilio's message statuses in our words; words it may add later are passed over."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TwilioWebhooks:
    """The two addresses that Twilio calls."""

    def __init__(self, settings: Settings, sink: MessageSink, receipts: ReceiptSink) -> None:
        self._twilio = settings.twilio
        self._public_url = settings.http.public_url
        self._queues = {number.number: number.queue for number in settings.twilio.numbers}
        self._validator = RequestValidator(settings.twilio.auth_token.get_secret_value())
        self._sink = sink
        self._receipts = receipts

    def routes(self) -> list[web.RouteDef]:
        """The routes to add to the web application; none where SMS is not set up."""
        if not self._twilio.enabled:
            return []
        return [
            web.post(MESSAGE_PATH, self._guarded(self._message)),
            web.post(STATUS_PATH, self._guarded(self._status)),
        ]

    def _guarded(self, handle: Callable[[MultiDict[str]], Awaitable[web.Response]]) -> Handler:
        """A request handler that turns every error into a problem (RFC 9457) and stores nothing then."""

        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                return await handle(await self._verified(request))
            except ContactCenterError as error:
                log.warning("Twilio webhook refused", path=request.path, error=str(error))
                return problem(error)
            except Exception:  # the caller learns nothing of it; Twilio keeps the failure in its log
                log.exception("Twilio webhook failed", path=request.path)
                return problem(Unavailable("The message could not be stored"))

        return handler

    async def _verified(self, request: web.Request) -> MultiDict[str]:
        """The form fields of a request that Twilio signed for our account."""
        body = await _read(request)
        signatures = request.headers.getall("X-Twilio-Signature", [])
        if len(signatures) != 1 or not signatures[0].isascii():
            raise Forbidden("The request carries no signature")
        if request.content_type != "application/x-www-form-urlencoded":
            raise InvalidInput("Webhooks are form posts")
        fields = _form(body)
        if not self._signed(self._public_url + request.raw_path, fields, signatures[0]):
            raise Forbidden("The signature does not fit the request")
        if not compare_digest(_one(fields, "AccountSid").encode(), self._twilio.account_sid.encode()):
            raise Forbidden("The request is for another account")
        return fields

    def _signed(self, url: str, fields: MultiDict[str], signature: str) -> bool:
        """Whether Twilio's own validator takes the signature; text that cannot be signed is not signed."""
        try:
            return bool(self._validator.validate(url, fields, signature))
        except (TypeError, ValueError):
            return False

    async def _message(self, fields: MultiDict[str]) -> web.Response:
        """A text from a customer; 200 only when it is durable."""
        sid, sender = _match(fields, "MessageSid", _SID), _match(fields, "From", _E164)
        number = _match(fields, "To", _E164)
        text = _one(fields, "Body").replace("\x00", "")
        if len(text) > MAX_TEXT:
            raise InvalidInput("Body is too long", field="Body")
        if number not in self._queues:
            raise InvalidInput("To is not a number of ours", field="To")
        await self._sink.accept(
            InboundMessage(
                channel=Channel.SMS,
                ingest_key=sid,
                sender=Identity(IdentityKind.PHONE, sender),
                text=text,
                recipients=(number,),
                external_id=sid,
                received_at=clock.now(),
                queue=self._queues[number],
                authenticated=True,
                envelope=_envelope(fields, text),
            )
        )
        return web.Response(text=TWIML, content_type="text/xml", charset="utf-8")

    async def _status(self, fields: MultiDict[str]) -> web.Response:
        """What became of a message of ours; an unknown one is none of our business and no error."""
        sid, word = _match(fields, "MessageSid", _SID), _match(fields, "MessageStatus", _STATUS_WORD)
        code = fields.get("ErrorCode", "")
        if code and (len(fields.getall("ErrorCode")) > 1 or not _ERROR_CODE.fullmatch(code)):
            raise InvalidInput("ErrorCode is not a number", field="ErrorCode")
        state = STATES.get(word)
        if state is None:
            log.info("unknown message status", status=word)
        else:
            detail = f"Twilio error {code}" if code and code != "0" else ""
            await self._receipts.record(Receipt(Channel.SMS, sid, state, detail, clock.now()))
        return web.Response(status=204)


async def _read(request: web.Request) -> bytes:
    """The body, up to the limit; raises :class:`TooLarge`. Compressed bodies are not taken: they may be bombs."""
    if (request.content_length or 0) > MAX_BODY:
        raise TooLarge("The request is too large")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise InvalidInput("Compressed requests are not taken")
    body = bytearray()
    try:
        async with asyncio.timeout(MAX_SECONDS):
            async for chunk in request.content.iter_chunked(MAX_BODY):
                body += chunk
                if len(body) > MAX_BODY:
                    raise TooLarge("The request is too large")
    except TimeoutError as error:
        raise InvalidInput("The request did not arrive in time") from error
    return bytes(body)


def _form(body: bytes) -> MultiDict[str]:
    """The fields of a form in order, doubles kept; raises :class:`InvalidInput`."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidInput("The form cannot be read") from error
    return MultiDict(pairs)


def _one(fields: MultiDict[str], name: str) -> str:
    """The value of a field that must be there once; raises :class:`InvalidInput`."""
    values = fields.getall(name, [])
    if len(values) != 1:
        raise InvalidInput(f"{name} must be given once", field=name)
    return values[0]


def _match(fields: MultiDict[str], name: str, pattern: re.Pattern[str]) -> str:
    """The value of a field that must be there once and look right; raises :class:`InvalidInput`."""
    value = _one(fields, name)
    if not pattern.fullmatch(value):
        raise InvalidInput(f"{name} is malformed", field=name)
    return value


def _envelope(fields: MultiDict[str], text: str) -> dict[str, object]:
    """What the webhook told besides the text."""
    envelope: dict[str, object] = {"door": "twilio", "opt_out": is_opt_out(text, fields.get("OptOutType", ""))}
    if country := fields.get("FromCountry", "")[:2]:
        envelope["country"] = country
    media = []
    for index in range(MAX_MEDIA):
        url = fields.get(f"MediaUrl{index}", "")
        if url and _at_twilio(url):
            media.append({"url": url, "content_type": fields.get(f"MediaContentType{index}", "")[:100]})
    if media:
        envelope["media"] = media
    return envelope


def _at_twilio(url: str) -> bool:
    """Whether a media address is Twilio's own; any other could make us call the inside of our network."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and parts.netloc == "api.twilio.com" and len(url) <= 500
    except ValueError:
        return False


def problem(error: ContactCenterError) -> web.Response:
    """The error as ``application/problem+json`` (RFC 9457)."""
    body = {"type": "about:blank", "title": error.title, "status": error.status, "detail": str(error)}
    if isinstance(error, InvalidInput) and error.field:
        body["field"] = error.field
    headers = {"Retry-After": "15"} if error.status == Unavailable.status else {}
    return web.Response(
        status=error.status, text=json.dumps(body), content_type="application/problem+json", headers=headers
    )
