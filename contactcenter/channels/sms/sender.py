"""Sends texts through Twilio's REST client, in a thread, with time-outs.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from contactcenter.channels.sms.webhook import STATUS_PATH
from contactcenter.envelope import OutboundMessage, SendResult
from contactcenter.errors import DeliveryError, PermanentDelivery, TemporaryDelivery, UncertainDelivery
from contactcenter.settings import Settings

if TYPE_CHECKING:
    from twilio.rest import Client

TIMEOUT = 20.0  # seconds for one request; Twilio answers well below one
THREADS = 4
SKEW = timedelta(seconds=60)  # between Twilio's clock, which counts whole seconds, and ours
LOOK_BACK = 200  # messages to one number that are looked through
TRIAL_PREFIX = "Sent from your Twilio trial account - "
TWILIO = "https://api.twilio.com"
_NOT_NOW = frozenset({408, 425, 429})
_GATEWAY = frozenset({502, 504})  # answered for a server that may have taken the message


class TwilioSender:
    """The :class:`contactcenter.envelope.Sender` of texts."""

    def __init__(self, settings: Settings, *, timeout: float = TIMEOUT) -> None:
        self._settings = settings.twilio
        self._status_url = settings.http.public_url + STATUS_PATH
        self._timeout = timeout
        self._client: Client | None = None
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="twilio")

    async def send(self, message: OutboundMessage) -> SendResult:
        """Create the message at Twilio; its SID is the external id."""
        if not self._settings.enabled:
            raise PermanentDelivery("text messages are not set up: see [twilio] in contactcenter.toml")
        if message.files:
            raise PermanentDelivery("a text message carries no files")
        if not message.text.strip():
            raise PermanentDelivery("a text message needs a text")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._send, message)

    async def find(self, message: OutboundMessage) -> SendResult | None:
        """Look for an earlier try of the message among those that Twilio has for its number.

        Twilio keeps no reference of ours: the oldest one with the same sender and text, made since the message was
        written, is taken for it. Raises :class:`TemporaryDelivery` when Twilio cannot be asked now.
        """
        if not self._settings.enabled:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._find, message)

    async def close(self) -> None:
        """Let running requests end; no further ones."""
        await asyncio.to_thread(self._threads.shutdown)

    def _send(self, message: OutboundMessage) -> SendResult:
        """Blocking part of :meth:`send`."""
        client = self._ready()
        with _translated():
            made = client.messages.create(
                to=message.to.value, from_=self._number(message), body=message.text, status_callback=self._status_url
            )
        return SendResult(external_id=str(made.sid))

    def _find(self, message: OutboundMessage) -> SendResult | None:
        """Blocking part of :meth:`find`."""
        client = self._ready()
        since = (message.created_at or datetime.min.replace(tzinfo=UTC) + SKEW) - SKEW
        wanted = {message.text, TRIAL_PREFIX + message.text}
        with _translated(reading=True):
            found = client.messages.list(to=message.to.value, from_=self._number(message), limit=LOOK_BACK)
        fitting = [
            one for one in found if one.body in wanted and one.date_created is not None and one.date_created >= since
        ]
        if not fitting:
            return None
        return SendResult(external_id=str(min(fitting, key=lambda one: one.date_created).sid), detail="found at Twilio")

    def _number(self, message: OutboundMessage) -> str:
        """The number to send from: the message's, else our first."""
        return message.sender or self._settings.numbers[0].number

    def _ready(self) -> Client:
        """The client, made at the first use: importing it takes most of a second."""
        with self._making:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    def _make_client(self) -> Client:
        from twilio.http.http_client import TwilioHttpClient
        from twilio.http.response import Response
        from twilio.rest import Client

        base = self._settings.api_url.rstrip("/")

        class HttpClient(TwilioHttpClient):  # type: ignore[misc]  # twilio carries no types
            """Sends what is meant for Twilio's API to the address in the settings."""

            def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
                return super().request(method, base + url.removeprefix(TWILIO), *args, **kwargs)

        http = HttpClient(timeout=self._timeout)
        if http.session is not None and urlsplit(base).hostname in {"127.0.0.1", "localhost", "::1"}:
            http.session.trust_env = False  # a simulator on this machine is not behind the proxy
        secret = self._settings.auth_token.get_secret_value()
        # Region and edge change the host; the settings' address alone decides it.
        return Client(self._settings.account_sid, secret, http_client=http, environment={"TWILIO_REGION": ""})


@contextmanager
def _translated(*, reading: bool = False) -> Iterator[None]:
    """Turns the errors of the client into ours; ``reading`` requests leave nothing uncertain."""
    try:
        yield
    except Exception as error:
        ours = delivery_error(error)
        if reading and isinstance(ours, UncertainDelivery):
            ours = TemporaryDelivery(str(ours), code=ours.code)
        raise ours from error


def delivery_error(error: Exception) -> DeliveryError:
    """What an error of the client means for the message; an unknown one leaves it uncertain."""
    import requests
    from twilio.base.exceptions import TwilioRestException, TwilioServiceException
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    if isinstance(error, TwilioRestException | TwilioServiceException):
        status, code = int(error.status), str(error.code or "")
        text = str(getattr(error, "msg", "") or getattr(error, "title", ""))[:300]
        said = f"Twilio answered {status}: {text}"
        if status in _GATEWAY:
            return UncertainDelivery(said, code=code)
        if status >= 500 or status in _NOT_NOW:
            return TemporaryDelivery(said, code=code)
        return PermanentDelivery(said, code=code)
    unreachable = isinstance(
        error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError
    )
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError):
        unreachable = True
    if unreachable or isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return TemporaryDelivery(f"Twilio cannot be reached ({type(error).__name__})")
    return UncertainDelivery(f"Twilio did not answer ({type(error).__name__})")
