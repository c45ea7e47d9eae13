"""Asking for a new password, and choosing one by a link that came by mail.

Whoever asks gets the same answer after the same time, whether there is an account for the address or not.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from contactcenter.agent_ui.password_mail import mail_reset
from contactcenter.agent_ui.session import COOKIE, peer_of
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.errors import InvalidInput, RateLimited
from contactcenter.staff import links
from contactcenter.staff.passwords import MIN_LENGTH
from contactcenter.staff.records import Agent

ANSWER_SECONDS = 0.4
"""Every request for a reset is answered after this time: the work for a known address is done well within it."""


def doors() -> Doors:
    """The way to a new password, without a session."""
    return (
        get("/password", ask, public=True),
        post("/password", request_reset, public=True),
        get("/password/{token}", choose, public=True),
        post("/password/{token}", set_password, public=True),
    )


async def ask(visit: Visit) -> web.StreamResponse:
    """The form for the address."""
    return _asking(visit)


async def request_reset(visit: Visit) -> web.StreamResponse:
    """Mail a link when there is an account; say the same in any case."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        response = await _request(visit)
    finally:
        await asyncio.sleep(max(0.0, began + ANSWER_SECONDS - loop.time()))
    return response


async def _request(visit: Visit) -> web.Response:
    peer = peer_of(visit.request, visit.room.settings.http.trusted_proxies)
    try:
        async with visit.store.transaction() as uow:
            found = await links.request_reset(uow, visit.text("email"), peer)
            if found is not None:
                await mail_reset(visit.room, uow, *found)
    except RateLimited as error:
        minutes = str(error.retry_after // 60 + 1)
        fault = visit.gettext("Too many tries. Please wait {n} minutes.").replace("{n}", minutes)
        response = _asking(visit, status=429, fault=fault)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    return visit.page("password/sent.html", hours=links.RESET_HOURS)


async def choose(visit: Visit) -> web.StreamResponse:
    """The form for the new password, for the holder of a link that still opens."""
    try:
        async with visit.store.read() as uow:
            agent = await links.peek(uow, visit.path["token"])
    except InvalidInput:
        return _worn_out(visit)
    return _choosing(visit, agent)


async def set_password(visit: Visit) -> web.StreamResponse:
    """Use the link up and set the password. Every session of the agent ends; he signs in anew."""
    token, password = visit.path["token"], visit.text("password")
    try:
        async with visit.store.transaction() as uow:
            agent = await links.peek(uow, token)
            if password != visit.text("again"):
                return _choosing(
                    visit, agent, status=422, fault=visit.gettext("The two are not the same."), wrong="again"
                )
            try:
                await links.use_link(uow, token, password)
            except InvalidInput as error:
                if error.field != "password":
                    raise
                return _choosing(visit, agent, status=422, fault=visit.gettext(str(error)), wrong="password")
    except InvalidInput:
        return _worn_out(visit)
    response = visit.page("password/done.html")
    response.del_cookie(COOKIE, path="/")
    return response


def _asking(visit: Visit, *, status: int = 200, fault: str = "") -> web.Response:
    email = visit.text("email") or visit.query.get("email", "")
    return visit.page("password/ask.html", status=status, email=email, fault=fault)


def _choosing(visit: Visit, agent: Agent, *, status: int = 200, fault: str = "", wrong: str = "") -> web.Response:
    values = {"email": agent.email, "name": agent.name, "fresh": not agent.password_hash}
    return visit.page("password/choose.html", status=status, least=MIN_LENGTH, fault=fault, wrong=wrong, **values)


def _worn_out(visit: Visit) -> web.Response:
    """What every link that opens nothing shows, for whatever reason."""
    return visit.page("password/worn_out.html", status=404)
