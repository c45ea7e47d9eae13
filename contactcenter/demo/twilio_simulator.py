"""A double of Twilio for the demo and the tests: the REST resource Messages, signed webhooks, status call-backs.

It speaks what Twilio's own client package speaks (version 2010-04-01): basic authentication, form posts, JSON answers
with Twilio's fields and error codes, paging, and webhooks signed by Twilio's own algorithm.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from hmac import compare_digest
from urllib.parse import urlencode

import aiohttp
import structlog
from aiohttp import web
from twilio.request_validator import RequestValidator

from contactcenter import clock

log = structlog.get_logger(__name__)

API_VERSION = "2010-04-01"
WEBHOOK_TIMEOUT = 15.0  # seconds, as Twilio's
STEPS = ("sent", "delivered")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(slots=True)
class SimulatedMessage:
    """One row of the Messages resource. ``status`` moves as Twilio's does; ``news`` are the call-backs' answers."""

    sid: str
    direction: str
    sender: str
    to: str
    body: str
    status: str
    status_callback: str = ""
    created_at: datetime = field(default_factory=clock.now)
    news: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Fault:
    """How the next requests go wrong: an HTTP ``status``, silence for some seconds, or a cut connection.

    ``kept`` tells whether the message was taken all the same: the case that leaves a sender uncertain.
    """

    status: int = 0
    code: int = 20500
    hang: float = 0.0
    cut: bool = False
    kept: bool = False


class TwilioSimulator:
    """A Twilio account on this machine. ``messages`` holds everything sent and received, oldest first.

    Set :attr:`fault` to make requests fail and back to None to end it; :attr:`steps` are the statuses reported after
    a message was taken, :attr:`step_delay` the seconds between them.
    """

    def __init__(self, account_sid: str, auth_token: str, numbers: tuple[str, ...], webhook_base: str = "") -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.numbers = numbers
        self.webhook_base = webhook_base.rstrip("/")
        self.messages: list[SimulatedMessage] = []
        self.fault: Fault | None = None
        self.steps: tuple[str, ...] = STEPS
        self.step_delay = 0.2
        self._validator = RequestValidator(auth_token)
        self._runner: web.AppRunner | None = None
        self._client: aiohttp.ClientSession | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Condition()

    # Life.

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; the address to put into ``twilio.api_url``."""
        app = web.Application()
        base = f"/{API_VERSION}/Accounts/{{account}}"
        app.router.add_post(f"{base}/Messages.json", self._create)
        app.router.add_get(f"{base}/Messages.json", self._list)
        app.router.add_get(f"{base}/Messages/{{sid}}.json", self._fetch)
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WEBHOOK_TIMEOUT))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening and drop the call-backs that are still due."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def settled(self) -> None:
        """Wait until no call-back is due any more."""
        while self._calls:
            await asyncio.gather(*self._calls, return_exceptions=True)

    async def wait_for(self, to: str, count: int = 1) -> list[SimulatedMessage]:
        """The messages to a customer's number, as soon as there are ``count``."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.sent_to(to)) >= count)
        return self.sent_to(to)

    def sent_to(self, to: str) -> list[SimulatedMessage]:
        """What we were asked to send to a number."""
        return [one for one in self.messages if one.to == to and one.direction == "outbound-api"]

    # A customer writes.

    async def inject(
        self, sender: str, to: str, body: str, *, sid: str = "", extra: Mapping[str, str] | None = None
    ) -> int:
        """Let a customer's text arrive: the status with which the webhook answered (0: no answer)."""
        message = SimulatedMessage(sid or new_sid(), "inbound", sender, to, body, "received")
        if all(one.sid != message.sid for one in self.messages):
            self.messages.append(message)
        fields = {
            "ToCountry": "US",
            "SmsMessageSid": message.sid,
            "NumMedia": "0",
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "FromCountry": "US",
            "Body": body,
            "To": to,
            "NumSegments": "1",
            "MessageSid": message.sid,
            "AccountSid": self.account_sid,
            "From": sender,
            "ApiVersion": API_VERSION,
            **(extra or {}),
        }
        return await self.post(f"{self.webhook_base}/webhooks/twilio/message", fields)

    async def post(self, url: str, fields: Mapping[str, str]) -> int:
        """A signed webhook request; the status of its answer, 0 when none came."""
        if self._client is None:
            raise RuntimeError("the simulator is not started")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": self._validator.compute_signature(url, dict(fields)),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            "User-Agent": "TwilioProxy/1.1",
        }
        try:
            async with self._client.post(url, data=urlencode(dict(fields)), headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("webhook unanswered", url=url, error=str(error))
            return 0

    # The REST resource.

    async def _create(self, request: web.Request) -> web.StreamResponse:
        """POST Messages.json."""
        if (refused := self._refused(request)) is not None:
            return refused
        fault = self.fault
        if fault and not fault.kept:
            return await self._fail(fault, request)
        form = {key: str(value) for key, value in (await request.post()).items()}
        if (wrong := self._wrong(form)) is not None:
            return wrong
        message = SimulatedMessage(
            new_sid(), "outbound-api", form["From"], form["To"], form["Body"], "queued", form.get("StatusCallback", "")
        )
        async with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()
        call = asyncio.get_running_loop().create_task(self._report(message))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        if fault:
            return await self._fail(fault, request)
        return web.json_response(self._row(message), status=201)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """GET Messages.json, newest first, filtered by To and From, in pages."""
        if (refused := self._refused(request)) is not None:
            return refused
        if self.fault and not self.fault.kept:
            return await self._fail(self.fault, request)
        query = request.query
        size, page = min(int(query.get("PageSize", "50")), 1000), int(query.get("Page", "0"))
        fitting = [
            one
            for one in reversed(self.messages)
            if query.get("To", one.to) == one.to and query.get("From", one.sender) == one.sender
        ]
        rows = fitting[page * size : (page + 1) * size]
        following = urlencode({**query, "PageSize": size, "Page": page + 1}) if len(fitting) > (page + 1) * size else ""
        return web.json_response(
            {
                "messages": [self._row(one) for one in rows],
                "page": page,
                "page_size": size,
                "uri": request.path_qs,
                "next_page_uri": f"{request.path}?{following}" if following else None,
            }
        )

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        """GET Messages/{sid}.json."""
        if (refused := self._refused(request)) is not None:
            return refused
        for one in self.messages:
            if one.sid == request.match_info["sid"]:
                return web.json_response(self._row(one))
        return _error(404, 20404, "The requested resource was not found")

    def _refused(self, request: web.Request) -> web.Response | None:
        """The answer to a request without our account's credentials."""
        expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        if compare_digest(given.encode(), expected.encode()) and request.match_info["account"] == self.account_sid:
            return None
        return _error(401, 20003, "Authenticate")

    def _wrong(self, form: Mapping[str, str]) -> web.Response | None:
        """Twilio's own complaint about a message, if any."""
        if not _E164.fullmatch(form.get("To", "")):
            return _error(400, 21211, f"Invalid 'To' Phone Number: {form.get('To', '')}")
        if form.get("From", "") not in self.numbers:
            return _error(400, 21606, "The 'From' phone number is not a valid, message-capable Twilio phone number")
        if not form.get("Body", ""):
            return _error(400, 21602, "Message body is required")
        if len(form["Body"]) > 1600:
            return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        return None

    async def _fail(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Go wrong in the way that was asked for."""
        if fault.hang:
            await asyncio.sleep(fault.hang)
        if fault.cut and request.transport is not None:
            request.transport.abort()
        return _error(fault.status or 500, fault.code, "Told to fail")

    async def _report(self, message: SimulatedMessage) -> None:
        """Move a message on, step by step, and tell its status call-back."""
        for status in self.steps:
            await asyncio.sleep(self.step_delay)
            message.status = status
            if message.status_callback:
                fields = {
                    "SmsSid": message.sid,
                    "SmsStatus": status,
                    "MessageStatus": status,
                    "To": message.to,
                    "MessageSid": message.sid,
                    "AccountSid": self.account_sid,
                    "From": message.sender,
                    "ApiVersion": API_VERSION,
                }
                if status in {"failed", "undelivered"}:
                    fields["ErrorCode"] = "30003"
                message.news.append((status, await self.post(message.status_callback, fields)))

    def _row(self, message: SimulatedMessage) -> dict[str, object]:
        """A message as the resource shows it."""
        created = format_datetime(message.created_at, usegmt=False)
        base = f"/{API_VERSION}/Accounts/{self.account_sid}/Messages/{message.sid}"
        return {
            "account_sid": self.account_sid,
            "api_version": API_VERSION,
            "body": message.body,
            "date_created": created,
            "date_sent": None if message.status == "queued" else created,
            "date_updated": created,
            "direction": message.direction,
            "error_code": None,
            "error_message": None,
            "from": message.sender,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": message.sid,
            "status": message.status,
            "subresource_uris": {"media": f"{base}/Media.json"},
            "to": message.to,
            "uri": f"{base}.json",
        }


def new_sid() -> str:
    """A fresh message SID."""
    return "SM" + secrets.token_hex(16)


def _error(status: int, code: int, message: str) -> web.Response:
    """An error as Twilio words it."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return web.json_response({"code": code, "message": message, "more_info": more, "status": status}, status=status)
