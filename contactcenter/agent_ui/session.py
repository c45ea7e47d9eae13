"""The guard before every page: session cookie, role, proof that a command came from our own page, headers.

* The session cookie is ``HttpOnly`` and ``SameSite=Lax``; ``Secure`` when people come by https.
* A command (anything but GET) must carry the session's CSRF token, in the header ``X-CSRF-Token`` or the field
  ``csrf``, an ``Origin`` of ours when it has one, and the type of a form.
* Pages run no inline script or style (CSP) and are never kept by caches.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from multidict import MultiDict

from contactcenter.agent_ui.visit import Door, Fields, Room, Visit
from contactcenter.errors import ContactCenterError, Forbidden, InvalidInput, TooLarge, Unauthenticated
from contactcenter.i18n import LOCALES, negotiate
from contactcenter.staff import sessions
from contactcenter.staff.access import require
from contactcenter.staff.agents import THEMES

log = structlog.get_logger(__name__)

COOKIE = "session"
LANGUAGE_COOKIE = "language"
THEME_COOKIE = "theme"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
YEAR = 31_536_000

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
STRANGERS_FORM = 16 * 1024
"""Bytes of a form at a public door: an address and a password need no more, and anybody can send one."""
STRANGERS_SECONDS = 20.0
"""Seconds such a form may take to arrive; one with files, of somebody signed in, has :data:`FORM_SECONDS`."""
FORM_SECONDS = 600.0


def guarded(room: Room, door: Door) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler aiohttp calls for a door."""

    async def answer(request: web.Request) -> web.StreamResponse:
        visit = _stranger(room, request)
        try:
            visit = await _admit(visit, door)
            response = await door.handler(visit)
        except Unauthenticated as error:
            response = door.fault(visit, error) if door.public else _to_sign_in(visit)
        except ContactCenterError as error:
            response = door.fault(visit, error)
        except (web.HTTPException, ConnectionResetError):
            raise
        except Exception:
            log.exception("a page of the console failed", path=request.path)
            response = door.fault(visit, ContactCenterError("something went wrong"))
        if not response.prepared:
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    return answer


def _stranger(room: Room, request: web.Request) -> Visit:
    """The request before anybody looked at its session."""
    language = request.cookies.get(LANGUAGE_COOKIE, "")
    theme = request.cookies.get(THEME_COOKIE, "")
    return Visit(
        request=request,
        room=room,
        signed_in=None,
        csrf="",
        locale=language if language in LOCALES else negotiate(request.headers.get("Accept-Language", "")),
        theme=theme if theme in THEMES else "auto",
    )


async def _admit(visit: Visit, door: Door) -> Visit:
    """The visit with its session and form; raises what keeps it out."""
    room, request = visit.room, visit.request
    session = None
    token = "" if door.anonymous else request.cookies.get(COOKIE, "")
    if token:
        async with room.store.transaction() as uow:
            session = await sessions.resolve(uow, token)
    form: Fields = MultiDict()
    if session is None and not door.public:
        raise Unauthenticated("sign in first")
    if request.method != "GET":
        _own_origin(room, request)
        if door.public:
            form = await _form(request, STRANGERS_FORM, STRANGERS_SECONDS)
        else:
            form = await _form(request, room.settings.http.max_body, FORM_SECONDS)
    if session is None:
        return Visit(request, room, None, "", visit.locale, visit.theme, form)
    if request.method != "GET" and not door.public:
        given = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD, "")
        if not isinstance(given, str) or not sessions.same_csrf(session.csrf, given):
            raise Forbidden("this page is too old; load it again")
    actor = session.actor
    require(actor, door.role)
    return Visit(request, room, actor, session.csrf, actor.language, actor.theme, form, session.availability.value)


def _own_origin(room: Room, request: web.Request) -> None:
    """Refuse a command that another site's page sent: the browser names the page's origin."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    if origin is not None:
        own = {urlsplit(room.settings.http.public_url).netloc.lower(), (request.host or "").lower()}
        if urlsplit(origin).netloc.lower() not in own:
            raise Forbidden("this request came from another site")
    elif site is not None and site not in {"same-origin", "none"}:
        raise Forbidden("this request came from another site")


async def _form(request: web.Request, limit: int, seconds: float) -> Fields:
    """The posted form. Raises :class:`InvalidInput` for anything that is none, :class:`TooLarge` over the limit."""
    if request.content_type not in _FORMS:
        if request.content_length:
            raise InvalidInput("only forms are accepted here")
        return MultiDict()
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise InvalidInput("compressed forms are not accepted")  # no browser sends one; it may be a bomb
    if limit < request.client_max_size and (request.content_length is None or request.content_length > limit):
        raise TooLarge("that is more than can be sent at once")
    try:
        async with asyncio.timeout(seconds):
            posted = await request.post()
        form: Fields = MultiDict()
        for name, value in posted.items():
            if isinstance(value, str | web.FileField):
                f"{name}{value if isinstance(value, str) else ''}".encode()  # raises for half a character
                form.add(name, value)
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge("that is more than can be sent at once") from error
    # Also a charset that nobody knows, and a browser that is gone before all was sent.
    except (ValueError, LookupError, RuntimeError, TimeoutError, ConnectionResetError) as error:
        raise InvalidInput("the form cannot be read") from error
    return form


def _to_sign_in(visit: Visit) -> web.Response:
    """Away to the sign-in page, and back afterwards where that makes sense."""
    request = visit.request
    if request.headers.get("HX-Request") == "true":
        return web.Response(headers={"HX-Redirect": "/"})
    if request.method != "GET" or request.headers.get("Accept", "").startswith("text/event-stream"):
        return visit.fault(Unauthenticated("sign in first"))
    location = request.rel_url.with_path("/").with_query(next=request.path)
    return web.Response(status=303, headers={"Location": str(location)})


def local_path(path: str) -> str:
    """The path when it leads to a page of ours, else the inbox: a link must not send people elsewhere."""
    safe = path.startswith("/") and path[1:2] not in {"/", "\\"} and "\\" not in path and path.isprintable()
    return path if safe and path != "/" else "/inbox"


def set_session(response: web.StreamResponse, room: Room, token: str) -> None:
    """Give the browser its session."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=room.https, path="/")


def remember(response: web.StreamResponse, room: Room, name: str, value: str) -> None:
    """Keep a preference for the time before sign-in."""
    response.set_cookie(name, value, max_age=YEAR, httponly=True, samesite="Lax", secure=room.https, path="/")


def peer_of(request: web.Request, trusted: tuple[str, ...]) -> str:
    """Where the request came from, as tries are counted: its address, looking through our own proxies.

    Of an IPv6 address the /64 network, which is what one household or server holds.
    """
    networks = [ipaddress.ip_network(network, strict=False) for network in trusted]
    # A proxy may add a header of its own behind the one that the client made up.
    forwarded = [part.strip() for part in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
    for address in (request.remote or "", *reversed(forwarded)):
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            break
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        if not any(parsed in network for network in networks):
            return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
    return request.remote or ""
