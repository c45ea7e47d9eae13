"""One frozen settings model: ``contactcenter.toml`` in the data directory, environment over it.

``CONTACTCENTER_HTTP__LISTEN=…`` wins over the file. A secret may be given as ``…_file``: a path, below the data
directory when relative, whose trailing newline is not part of the secret.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from contactcenter.errors import SettingsError

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


class Smtp(Section):
    """Mail in. Networks are CIDR; see the README for what ``trusted`` and ``assume_authenticated`` mean."""

    listen: str = "127.0.0.1:2525"
    hostname: str = ""
    certificate_file: str = ""
    key_file: str = ""
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


class Outgoing(Section):
    """Mail out, through a smart host."""

    host: str = "127.0.0.1"
    port: int = 1025
    tls: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    password: SecretStr = SecretStr("")
    envelope_from: str = ""
    timeout: float = Field(30.0, description="seconds for one SMTP command")


class Imap(Section):
    """A mailbox to fetch from."""

    host: str
    port: int = 993
    tls: bool = True
    user: str = ""
    password: SecretStr = SecretStr("")
    folder: str = "INBOX"
    poll: float = Field(30.0, description="seconds between two looks")
    authserv_id: str = ""


class Mailbox(Section):
    """An address of ours."""

    address: str
    name: str = ""
    queue: str = "service"
    imap: Imap | None = None

    @field_validator("address")
    @classmethod
    def _lower(cls, value: str) -> str:
        if "@" not in value:
            raise ValueError("an address has an @")
        return value.strip().lower()


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
    auto_answer: bool = True
    acknowledge: bool = True
    answer_threshold: float = Field(0.9, ge=0.5, le=1.0)


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
    outgoing: Outgoing = Outgoing()
    mailboxes: tuple[Mailbox, ...] = ()
    twilio: Twilio = Twilio()
    database: Database = Database()
    triage: Triage = Triage()

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
        return Settings(**{**_with_secrets(values, directory, ""), "data": directory})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise SettingsError(f"{path}: {faults}") from error
