"""Setting up and looking after an installation: what ``init``, ``agents``, ``tokens`` and ``doctor`` do."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import smtplib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from contactcenter.app.database import database_server, open_store
from contactcenter.app.dns_records import look_at_dns
from contactcenter.app.finding import Finding
from contactcenter.app.mailboxes import try_all
from contactcenter.errors import ContactCenterError, InvalidInput, NotFound
from contactcenter.settings import FILE_NAME, Settings, load, split_listen
from contactcenter.staff import agents, links, tokens
from contactcenter.staff.access import MACHINE, Role
from contactcenter.staff.records import Agent
from contactcenter.store import migrate
from contactcenter.tickets.mailboxes import Trial
from contactcenter.tickets.seeds import seed_defaults

SETTINGS_TEMPLATE = """\
# contactcenter settings. Environment variables CONTACTCENTER_SECTION__NAME win over this file.
# Secrets belong into files: `password_file = "name"` names a file below this directory.

[http]
listen = "127.0.0.1:8080"
public_url = "http://127.0.0.1:8080"   # what customers and agents type; https in production

[chat]
origins = ["http://127.0.0.1:8080"]    # pages that may carry the chat widget

[smtp]                                 # mail in
listen = "127.0.0.1:2525"
trusted = []                           # networks of your own relays, e.g. ["10.0.0.0/8"]
authserv_id = ""                       # whose Authentication-Results are believed, e.g. "mx.example.com"

[outgoing]                             # mail out, through your smart host
host = "127.0.0.1"
port = 1025
tls = "none"                           # none | starttls | tls
# user = "..."
# password_file = "smtp.password"

[[mailboxes]]
address = "support@desk.example"
name = "Desk service"
queue = "service"

# [twilio]
# account_sid = "AC..."
# auth_token_file = "twilio.token"
# numbers = [{ number = "+12025550100", queue = "service" }]

[triage]
auto_answer = true
acknowledge = true
"""


@dataclass(frozen=True, slots=True)
class WrittenSettings:
    """Where the settings file lies, and whether it was made just now."""

    path: Path
    new: bool


def write_settings(data: Path) -> WrittenSettings:
    """Write a commented settings file; one that is there stays as it is."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = data / FILE_NAME
    if path.exists():
        return WrittenSettings(path, new=False)
    path.write_text(SETTINGS_TEMPLATE, encoding="utf-8")
    return WrittenSettings(path, new=True)


async def first_administrator(settings: Settings, email: str, name: str) -> str | None:
    """Create the database and its defaults, and the first administrator; his one-time link, None when there is one."""
    async with open_store(settings) as (store, _server), store.transaction() as uow:
        await seed_defaults(uow, settings)
        count = select(func.count()).select_from(Agent).where(col(Agent.role) == Role.ADMIN)
        if (await uow.session.execute(count)).scalar_one():
            return None
        agent = await agents.create_agent(uow, email=email, name=name, role=Role.ADMIN)
        return await _invitation(settings, uow, agent.id, hours=24)


async def add_agent(settings: Settings, email: str, name: str, role: str, password: str | None) -> str | None:
    """Take on an agent who works every queue; without a password, his one-time link."""
    if role not in set(Role):
        raise InvalidInput(f"{role!r} is no role: {', '.join(Role)}", field="role")
    async with open_store(settings) as (store, _server), store.transaction() as uow:
        await seed_defaults(uow, settings)
        agent = await agents.create_agent(uow, email=email, name=name, role=Role(role), password=password)
        return None if password else await _invitation(settings, uow, agent.id, hours=72)


async def agent_rows(settings: Settings) -> list[dict[str, Any]]:
    """Everybody, for a table."""
    async with open_store(settings) as (store, _server), store.read() as uow:
        return [
            {"email": agent.email, "name": agent.name, "role": agent.role, "active": agent.active}
            for agent in await agents.list_agents(uow)
        ]


async def disable_agent(settings: Settings, email: str) -> None:
    """End somebody's access; raises :class:`NotFound`."""
    async with open_store(settings) as (store, _server), store.transaction() as uow:
        agent = await agents.find_agent(uow, email)
        if agent is None:
            raise NotFound(f"there is no agent {email}")
        await agents.disable(uow, MACHINE, agent.id)


async def create_api_token(settings: Settings, name: str, role: str) -> str:
    """A token for a program; shown once."""
    if role not in set(Role):
        raise InvalidInput(f"{role!r} is no role: {', '.join(Role)}", field="role")
    async with open_store(settings) as (store, _server), store.transaction() as uow:
        await seed_defaults(uow, settings)
        return await tokens.create_program_token(uow, name, Role(role))


async def _invitation(settings: Settings, uow: Any, agent_id: str, *, hours: float) -> str:
    token = await links.create_link(uow, agent_id, "invite", hours)
    return f"{settings.http.public_url}/password/{token}"


def diagnose(data: Path) -> list[Finding]:
    """Look at everything an installation hangs on; never raises."""
    try:
        settings = load(data)
    except ContactCenterError as error:
        return [Finding("settings", "broken", str(error), f"mend {data / FILE_NAME}, or run contactcenter init")]
    found = [
        Finding("settings", "fine", str(data / FILE_NAME))
        if (data / FILE_NAME).exists()
        else Finding("settings", "note", "no settings file; defaults are used", "run contactcenter init")
    ]
    for look in (_database, _model, _listeners, _outgoing, _mailboxes, look_at_dns, _twilio):
        found.extend(look(settings))
    return found


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with database_server(settings) as (url, server):
            current, wanted = migrate.status(url)
    except (ContactCenterError, OSError) as error:
        yield Finding(
            "database", "broken", str(error), "see run/postgres.log in the data directory, or set database.url"
        )
        return
    kind = "embedded" if server else "external"
    if current != wanted:
        yield Finding(
            "database", "note", f"{kind}, revision {current}, wanted {wanted}", "run contactcenter db upgrade"
        )
    else:
        yield Finding("database", "fine", f"{kind}, revision {current}")
    free = shutil.disk_usage(settings.data).free // 2**20
    state = "fine" if free > 1024 else "note"
    yield Finding(
        "disk", state, f"{free} MiB free", "" if state == "fine" else "below 1 GiB mail is refused soon: make room"
    )


def _model(settings: Settings) -> Iterator[Finding]:
    from contactcenter.triage import places, registry

    if importlib.util.find_spec("spacy") is None:
        yield Finding("triage", "broken", "spacy is not installed", "pip install spacy")
        return
    try:
        path = places.find(settings.triage.model, settings.data)
        model = registry.load(path)
        registry.encoder_of(model, path, settings.data)
    except ContactCenterError as error:
        said = f"{error}: until then every message goes to people"
        yield Finding("triage", "broken", said, "set triage.model, or train one: contactcenter triage train")
    else:
        yield Finding("triage", "fine", f"model {model.identity}")


def _listeners(settings: Settings) -> Iterator[Finding]:
    doors = {"http.listen": settings.http.listen, "smtp.listen": settings.smtp.listen}
    if settings.lmtp.listen:
        doors["lmtp.listen"] = settings.lmtp.listen
    for name, listen in doors.items():
        host, port = split_listen(listen)
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                yield Finding(
                    name, "note", f"{listen}: {error.strerror}", "fine while the service runs; else choose another port"
                )
            else:
                yield Finding(name, "fine", f"{listen} is free")


def _outgoing(settings: Settings) -> Iterator[Finding]:
    out = settings.outgoing
    try:
        with (
            smtplib.SMTP(out.host, out.port, timeout=5)
            if out.tls != "tls"
            else smtplib.SMTP_SSL(out.host, out.port, timeout=5) as smtp
        ):
            code, _banner = smtp.noop()
    except (OSError, smtplib.SMTPException) as error:
        yield Finding(
            "outgoing",
            "broken",
            f"{out.host}:{out.port}: {error}",
            "set [outgoing] host, port and tls to your smart host",
        )
    else:
        yield Finding("outgoing", "fine", f"{out.host}:{out.port} answers {code}")


def _mailboxes(settings: Settings) -> Iterator[Finding]:
    if not settings.mailboxes:
        yield Finding("mailboxes", "note", "none in the settings", "add a [[mailboxes]] entry, or one in the console")
    for box in settings.mailboxes:
        if box.imap is None:
            yield Finding("mailbox", "fine", f"{box.address} → queue {box.queue}")
    for address, trial in _try_mailboxes(settings).items():
        if trial.trouble:
            mend = "mend its imap account here or in the console; a provider may have to allow IMAP, or a new token"
            yield Finding("mailbox", "broken", f"{address}: {trial.trouble}", mend)
        else:
            how = "pushes new mail" if trial.pushes else "is asked again and again"
            yield Finding("mailbox", "fine", f"{address}: {trial.mails} mails, the server {how}")
    yield _authentication(settings)


def _try_mailboxes(settings: Settings) -> dict[str, Trial]:
    """Those made in the console too, where the database can be read."""
    try:
        with database_server(settings) as (url, _server):
            current, wanted = migrate.status(url)
            return asyncio.run(try_all(settings, url if current == wanted else ""))
    except (ContactCenterError, OSError, SQLAlchemyError):  # said above, where the database was looked at
        return asyncio.run(try_all(settings, ""))


def _authentication(settings: Settings) -> Finding:
    """Who judges whether senders are who they say."""
    smtp = settings.smtp
    if smtp.assume_authenticated:
        networks = ", ".join(smtp.assume_authenticated)
        return Finding("authentication", "note", f"{networks} need no proof", "for tests and demos only")
    if smtp.trusted and smtp.authserv_id:
        return Finding("authentication", "fine", f"{smtp.authserv_id} is believed")
    if settings.authentication.enabled:
        return Finding("authentication", "fine", "senders are judged here, by SPF, DKIM and DMARC")
    return Finding(
        "authentication",
        "note",
        "nobody judges senders, so no sender is proven and nothing is answered automatically",
        "set authentication.enabled, or smtp.trusted to your mail relay's network and smtp.authserv_id to its name",
    )


def _twilio(settings: Settings) -> Iterator[Finding]:
    if settings.twilio.enabled:
        yield Finding(
            "twilio", "fine", f"account {settings.twilio.account_sid}, {len(settings.twilio.numbers)} number(s)"
        )
    else:
        yield Finding("twilio", "note", "SMS is not set up", "set [twilio] account_sid, auth_token_file and numbers")
