"""The exception tree. Every error knows whether trying again helps and which HTTP status it means.

::

    ContactCenterError
    ├── InvalidInput            400  what came in is malformed
    │   └── Unprocessable       422  well-formed, but not acceptable
    ├── Unauthenticated         401  who are you?
    ├── Forbidden               403  not yours to do
    ├── NotFound                404  not there, or not yours to see
    ├── Conflict                409  somebody was faster
    ├── TooLarge                413  over a stated limit
    ├── RateLimited             429  too often (retry helps, later)
    ├── Unavailable             503  a part we need is away (retry helps)
    ├── DeliveryError                an outbound message did not go out
    │   ├── TemporaryDelivery        later, perhaps (retry helps)
    │   │   └── NotOffered           it was not even offered (does not count as a try)
    │   ├── PermanentDelivery        never, as it stands
    │   └── UncertainDelivery        it may or may not have arrived
    ├── ModelError                   a trained model is missing or damaged
    └── SettingsError                the settings cannot be used
"""

from __future__ import annotations


class ContactCenterError(Exception):
    """Base of all errors this product raises on purpose.

    ``status`` is the HTTP status a border answers with; ``retry`` tells whether the same call may succeed later.
    """

    status = 500
    retry = False
    title = "Something went wrong"


class InvalidInput(ContactCenterError):
    """What came in is malformed; ``field`` names the part at fault when there is one."""

    status = 400
    title = "The request is malformed"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Unprocessable(InvalidInput):
    """Well-formed, but its content cannot be accepted."""

    status = 422
    title = "The request cannot be processed"


class Unauthenticated(ContactCenterError):
    """The caller did not prove who he is."""

    status = 401
    title = "Sign in first"


class Forbidden(ContactCenterError):
    """The caller is known and may not do this."""

    status = 403
    title = "Not allowed"


class NotFound(ContactCenterError):
    """It does not exist, or the caller may not know that it does."""

    status = 404
    title = "Not found"


class Conflict(ContactCenterError):
    """The object changed since the caller last saw it, or a unique name is taken."""

    status = 409
    title = "Somebody was faster"


class TooLarge(ContactCenterError):
    """Over a stated size limit."""

    status = 413
    title = "Too large"


class RateLimited(ContactCenterError):
    """Too many tries; ``retry_after`` is in seconds."""

    status = 429
    retry = True
    title = "Too many tries"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(ContactCenterError):
    """A part we need (the database, a disk) is away; nothing was changed."""

    status = 503
    retry = True
    title = "Temporarily unavailable"


class DeliveryError(ContactCenterError):
    """An outbound message did not go out; ``code`` is the remote's own code when it gave one."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class TemporaryDelivery(DeliveryError):
    """The other side said "later", or could not be reached before anything was handed over."""

    retry = True


class NotOffered(TemporaryDelivery):
    """The message was not even offered: its host is away, or others go first. Says nothing about the message.

    ``retry_after`` is in seconds: when its turn comes; None where nobody can say when the host is back.
    """

    def __init__(self, message: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class PermanentDelivery(DeliveryError):
    """The other side said "never" to this message; ``dead``: and to every other one to that address."""

    def __init__(self, message: str, *, code: str = "", dead: bool = False) -> None:
        super().__init__(message, code=code)
        self.dead = dead


class UncertainDelivery(DeliveryError):
    """The connection broke after the message was handed over: it may have arrived."""


class ModelError(ContactCenterError):
    """A trained model is missing, damaged or of an unknown format."""


class SettingsError(ContactCenterError):
    """The settings cannot be used; the message says which one and how to mend it."""
