"""Signing in and out. The cookie a browser brings along is never kept over a sign-in: each gets a fresh session."""

from __future__ import annotations

from aiohttp import web

from contactcenter.agent_ui.session import (
    COOKIE,
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    local_path,
    peer_of,
    remember,
    set_session,
)
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.errors import RateLimited, Unauthenticated
from contactcenter.i18n import LOCALES
from contactcenter.staff import sessions


def doors() -> Doors:
    """Sign-in, sign-out, and the language of the sign-in page."""
    return (
        get("/", front, public=True),
        post("/", sign_in, public=True),
        post("/sign-out", sign_out),
        post("/language", choose_language, public=True),
    )


async def front(visit: Visit) -> web.StreamResponse:
    """The sign-in form; whoever is signed in goes to the inbox."""
    if visit.signed_in is not None:
        return visit.go(local_path(visit.query.get("next", "/inbox")))
    return _form(visit)


async def sign_in(visit: Visit) -> web.StreamResponse:
    """Open a session. A wrong address and a wrong password look alike."""
    request = visit.request
    try:
        async with visit.store.transaction() as uow:
            signed = await sessions.sign_in(
                uow,
                visit.text("email"),
                visit.text("password"),
                peer=peer_of(request, visit.room.settings.http.trusted_proxies),
                user_agent=request.headers.get("User-Agent", ""),
            )
    except Unauthenticated:
        return _form(visit, status=401, fault=visit.gettext("The address or the password is not right."))
    except RateLimited as error:
        minutes = str(error.retry_after // 60 + 1)
        fault = visit.gettext("Too many tries. Please wait {n} minutes.").replace("{n}", minutes)
        response = _form(visit, status=429, fault=fault)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    response = visit.go(local_path(visit.text("next", "/inbox")))
    set_session(response, visit.room, signed.token)
    remember(response, visit.room, LANGUAGE_COOKIE, signed.agent.language)
    remember(response, visit.room, THEME_COOKIE, signed.agent.theme)
    return response


async def sign_out(visit: Visit) -> web.StreamResponse:
    """End the session, here and on the server."""
    async with visit.store.transaction() as uow:
        await sessions.sign_out(uow, visit.request.cookies.get(COOKIE, ""))
    response = visit.go("/")
    response.del_cookie(COOKIE, path="/")
    return response


async def choose_language(visit: Visit) -> web.StreamResponse:
    """Change the language of the pages before sign-in; kept in a cookie alone."""
    response = visit.go("/")
    language = visit.text("language")
    if language in LOCALES:
        remember(response, visit.room, LANGUAGE_COOKIE, language)
    return response


def _form(visit: Visit, *, status: int = 200, fault: str = "") -> web.Response:
    following = visit.text("next") or visit.query.get("next", "")
    return visit.page("sign_in.html", status=status, fault=fault, following=following, email=visit.text("email"))
