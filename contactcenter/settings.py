"""One frozen settings model: ``contactcenter.toml`` in the data directory, environment over it.

``CONTACTCENTER_HTTP__LISTEN=…`` wins over the file. A secret may be given as ``…_file``: a path, below the data
directory when relative, whose trailing newline is not part of the secret.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from contactcenter.errors import SettingsError
from contactcenter.patterns import NumberPattern

FILE_NAME = "contactcenter.toml"
DEFAULT_DATA = "contactcenter-data"


class Section(BaseModel):
    """A part of the settings: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def split_listen(listen: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` taken apart; raises :class:`ValueError`."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"{listen!r} is not host:port")
    return host.strip("[]"), int(port)


def name_server(text: str) -> tuple[str, int]:
    """Address and port (53) of a name server written as address or address:port; raises :class:`ValueError`."""
    try:
        return str(ipaddress.ip_address(text.strip("[]"))), 53
    except ValueError:
        host, port = split_listen(text)
        return str(ipaddress.ip_address(host)), port


class Http(Section):
    """The console, the API, the chat and the webhooks."""

    listen: str = "127.0.0.1:8080"
    public_url: str = "http://127.0.0.1:8080"
    trusted_proxies: tuple[str, ...] = ()
    max_body: int = Field(30 * 2**20, description="largest request body in bytes")

    @field_validator("public_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")


class Chat(Section):
    """The web chat widget."""

    origins: tuple[str, ...] = ("http://127.0.0.1:8080",)


class MailIn(Section):
    """What the mail doors share. Networks are CIDR; see the README for what each of them means."""

    listen: str
    max_size: int = Field(26_214_400, description="largest mail in bytes (552 above)")
    max_recipients: int = Field(100, description="recipients of one mail (452 above)")
    trusted: tuple[str, ...] = ()
    authserv_id: str = ""
    assume_authenticated: tuple[str, ...] = ()

    @field_validator("trusted", "assume_authenticated")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value


class Smtp(MailIn):
    """Mail in from anywhere (RFC 5321)."""

    listen: str = "127.0.0.1:2525"
    hostname: str = ""
    certificate_file: str = ""
    key_file: str = ""


class Lmtp(MailIn):
    """Mail in from the mail server beside us (RFC 2033), which is believed by default. Closed while empty."""

    listen: str = ""
    trusted: tuple[str, ...] = ("127.0.0.0/8", "::1/128")


class Authentication(Section):
    """Judging senders by ourselves (SPF, DKIM, DMARC), where no mail server of ours has done so."""

    enabled: bool = True
    nameservers: tuple[str, ...] = Field((), description="address or address:port; empty: the system's")
    timeout: float = Field(3.0, gt=0, le=30, description="seconds to wait for the DNS, for a whole batch of mails")

    @field_validator("nameservers")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            name_server(text)
        return value


class DkimKey(Section):
    """The key that signs our mail of a domain and of those below it (RFC 6376)."""

    domain: str
    selector: str
    private_key: SecretStr = Field(description="PEM; give it as private_key_file")

    @field_validator("domain", "selector")
    @classmethod
    def _name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", value.lower()):
            raise ValueError("letters, digits, dots and hyphens")
        return value.lower()

    @field_validator("private_key")
    @classmethod
    def _readable(cls, value: SecretStr) -> SecretStr:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # few installations need it here

        try:
            load_pem_private_key(value.get_secret_value().encode(), None)
        except (ValueError, TypeError) as error:
            raise ValueError("no private key in PEM form; `contactcenter mail dkim-key` makes one") from error
        return value


class PerDomain(Section):
    """How much mail goes to one recipient's domain, a worker at a time."""

    connections: int = Field(6, ge=1, description="mails on their way at the same time; fewer than the 8 of a worker")
    per_minute: int = Field(0, ge=0, description="mails a minute; 0: as many as there are")


class Outgoing(Section):
    """Mail out, through a smart host."""

    per_domain: PerDomain = PerDomain()
    host: str = "127.0.0.1"
    port: int = 1025
    tls: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    password: SecretStr = SecretStr("")
    envelope_from: str = ""
    timeout: float = Field(30.0, description="seconds for one SMTP command")
    dkim: tuple[DkimKey, ...] = ()


class Imap(Section):
    """A mailbox to fetch from."""

    host: str
    port: int = 993
    tls: bool | Literal["starttls"] = True
    user: str = ""
    auth: Literal["password", "xoauth2"] = "password"
    password: SecretStr = SecretStr("")
    token_url: str = Field("", description="where access tokens are given out, for xoauth2")
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = Field(SecretStr(""), description="empty: the client's own credentials are used")
    scope: str = ""
    folder: str = "INBOX"
    poll: float = Field(30.0, description="seconds between two looks at a server that cannot push")
    idle: bool = Field(True, description="let the server push (IDLE) where it can")
    after: Literal["seen", "move", "keep"] = "seen"
    move_to: str = ""
    authserv_id: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.after == "move" and self.move_to.strip() in {"", self.folder}:
            raise ValueError("after = move needs another folder as move_to")
        if self.auth == "xoauth2" and not (self.token_url and self.client_id):
            raise ValueError("auth = xoauth2 needs token_url and client_id")
        if self.auth == "xoauth2" and not (
            self.refresh_token.get_secret_value() or self.client_secret.get_secret_value()
        ):
            raise ValueError("auth = xoauth2 needs a refresh_token or a client_secret")
        return self


class Mailbox(Section):
    """An address of ours."""

    address: str
    name: str = ""
    queue: str = "service"
    imap: Imap | None = None
    outgoing: Outgoing | None = Field(None, description="a smart host of its own")

    @field_validator("address")
    @classmethod
    def _lower(cls, value: str) -> str:
        if "@" not in value:
            raise ValueError("an address has an @")
        return value.strip().lower()


class Fetching(Section):
    """Fetching mail by IMAP, all mailboxes together."""

    at_once: int = Field(8, ge=1, le=64, description="mailboxes from which mail is fetched at the same moment")
    networks: tuple[str, ...] = Field((), description="inner networks that mailboxes made in the console may be in")

    @field_validator("networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value


class Number(Section):
    """A phone number of ours, E.164."""

    number: str
    queue: str = "service"


class Twilio(Section):
    """SMS through Twilio's API, or a simulator that speaks it."""

    account_sid: str = ""
    auth_token: SecretStr = SecretStr("")
    api_url: str = "https://api.twilio.com"
    numbers: tuple[Number, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether SMS is set up at all."""
        return bool(self.account_sid and self.auth_token.get_secret_value() and self.numbers)


class Database(Section):
    """Empty ``url``: the embedded PostgreSQL in the data directory."""

    url: SecretStr = SecretStr("")


class Triage(Section):
    """Understanding and answering."""

    model: str = "triage-service"
    numbers: tuple[NumberPattern, ...] = Field((), max_length=32)
    auto_answer: bool = True
    acknowledge: bool = True
    answer_threshold: float = Field(0.9, ge=0.5, le=1.0)
    retrain_nightly: bool = Field(False, description="learn from corrections every night; needs the extra `train`")
    patience: float = Field(5.0, gt=0, le=60, description="seconds that a batch of messages waits for triage")


class Limits(Section):
    """Bounds of automatic mail and of floods."""

    automatic_per_minute: int = Field(1000, ge=1, description="automatic mails in all; above it receipts stop")
    flood_mails: int = Field(100, ge=2, description="mails of one sender that make a flood")
    flood_minutes: int = Field(10, ge=1, le=1440, description="within this time")
    flood_exempt: tuple[str, ...] = Field((), description="addresses and domains that may write this often")


class Settings(BaseSettings):
    """Everything that can be set. Build it with :func:`load`."""

    model_config = SettingsConfigDict(
        env_prefix="CONTACTCENTER_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    data: Path = Path(DEFAULT_DATA)
    http: Http = Http()
    chat: Chat = Chat()
    smtp: Smtp = Smtp()
    lmtp: Lmtp = Lmtp()
    authentication: Authentication = Authentication()
    outgoing: Outgoing = Outgoing()
    mailboxes: tuple[Mailbox, ...] = ()
    fetching: Fetching = Fetching()
    twilio: Twilio = Twilio()
    database: Database = Database()
    triage: Triage = Triage()
    limits: Limits = Limits()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file (which :func:`load` passes as arguments)."""
        return env_settings, init_settings


def _with_secrets(section: Mapping[str, Any], data: Path, where: str) -> dict[str, Any]:
    """The section with each ``X_file`` secret replaced by the content of its file."""
    result: dict[str, Any] = {}
    for key, value in section.items():
        if key.endswith("_file") and key not in {"certificate_file", "key_file"}:
            path = data / str(value)
            try:
                result[key.removesuffix("_file")] = path.read_text(encoding="utf-8").rstrip("\r\n")
            except OSError as error:
                raise SettingsError(f"{where}{key}: cannot read {path}: {error.strerror}") from error
        elif isinstance(value, dict):
            result[key] = _with_secrets(value, data, f"{where}{key}.")
        elif isinstance(value, list):
            result[key] = [
                _with_secrets(item, data, f"{where}{key}[{index}].") if isinstance(item, dict) else item
                for index, item in enumerate(value)
            ]
        else:
            result[key] = value
    return result


def _environment_secrets(data: Path) -> None:
    """Resolve ``CONTACTCENTER_…__X_FILE`` variables into the variable without the suffix."""
    for name, value in list(os.environ.items()):
        plain = name.removesuffix("_FILE")
        if (
            name.startswith("CONTACTCENTER_")
            and plain != name
            and plain.rsplit("__", 1)[-1] in {"AUTH_TOKEN", "PASSWORD", "URL"}
        ):
            try:
                os.environ[plain] = (data / value).read_text(encoding="utf-8").rstrip("\r\n")
            except OSError as error:
                raise SettingsError(f"{name}: cannot read {value}: {error.strerror}") from error
            del os.environ[name]


def data_directory(data: Path | None) -> Path:
    """The data directory meant by ``--data``, ``CONTACTCENTER_DATA`` or the default, absolute."""
    return Path(data or os.environ.get("CONTACTCENTER_DATA") or DEFAULT_DATA).absolute()


def load(data: Path | None = None) -> Settings:
    """The settings of a data directory; raises :class:`SettingsError` with every fault named."""
    directory = data_directory(data)
    path = directory / FILE_NAME
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: {error}") from error
    try:
        _environment_secrets(directory)
        # Whoever names a directory means it: the environment, which wins else, may name another one, or a relative one.
        return Settings(**_with_secrets(values, directory, "")).model_copy(update={"data": directory})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise SettingsError(f"{path}: {faults}") from error
