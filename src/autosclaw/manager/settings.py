"""Every setting of the manager: default, unit, secret or not (contract §7).

Real environment variables win over the `.env` file. Must not act on a setting.
"""

import os
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from autosclaw.protocol import limits
from autosclaw.protocol.agents import DEFAULT_MODEL

PROVIDER_URL = "https://api.anthropic.com"


class RuntimeName(StrEnum):
    """Where agents run."""

    DOCKER = "docker"
    PROCESS = "process"
    KUBERNETES = "kubernetes"


class Credentials(StrEnum):
    """gateway: the provider's key stays in the manager; direct: by standard input to the agent."""

    GATEWAY = "gateway"
    DIRECT = "direct"


class OnShutdown(StrEnum):
    """What becomes of agents when the manager ends in good order."""

    STOP = "stop"
    KEEP = "keep"


class LogLevel(StrEnum):
    """LOG_LEVEL."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class SettingsError(Exception):
    """A setting is wrong; the sentence names it and what it may be."""


def _default_data_dir() -> Path:
    return Path.home() / ".local" / "share" / "autosclaw"


class Settings(BaseSettings):
    """Settings by their environment names, in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    anthropic_api_key: SecretStr | None = None
    claude_code_oauth_token: SecretStr | None = None
    anthropic_base_url: str = PROVIDER_URL
    admin_username: str | None = None
    admin_password: SecretStr | None = None
    jwt_secret: SecretStr | None = None
    port: Annotated[int, Field(ge=0, le=65535)] = 4000
    agent_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    bind: str = "127.0.0.1"
    manager_host: str | None = None
    allow_registration: bool = False
    log_level: LogLevel = LogLevel.INFO
    log_dir: Path | None = None
    gh_token: SecretStr | None = None
    data_dir: Path = Field(default_factory=_default_data_dir)
    database_url: str | None = None
    runtime: RuntimeName | None = None
    oci_runtime: str | None = None
    agent_image: str | None = None
    default_model: str = DEFAULT_MODEL
    credentials: Credentials = Credentials.GATEWAY
    agents_on_shutdown: OnShutdown = OnShutdown.STOP
    rehearsal: bool = False
    agent_memory_mb: Annotated[int, Field(ge=256, le=1_048_576)] = 2048
    agent_cpus: Annotated[float, Field(gt=0, le=256)] = 1.0
    allowed_origins: Annotated[list[str], NoDecode] = []

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [p.strip() for p in value.split(",") if p.strip()] if isinstance(value, str) else value
        )

    @field_validator("database_url")
    @classmethod
    def _sqlite(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("sqlite:///"):
            raise ValueError("this version keeps its state in SQLite: sqlite:////folder/file.db")
        return value

    @field_validator("bind")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            return str(ip_address(value))
        except ValueError:
            raise ValueError("give an IP address of this machine, such as 127.0.0.1") from None

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if (self.admin_username is None) != (self.admin_password is None):
            raise ValueError("ADMIN_USERNAME and ADMIN_PASSWORD go together: set both or neither")
        if self.admin_username is not None and len(self.admin_username) < limits.USERNAME_MIN_CHARS:
            raise ValueError(
                f"ADMIN_USERNAME needs at least {limits.USERNAME_MIN_CHARS} characters"
            )
        if (
            self.admin_password is not None
            and len(self.admin_password.get_secret_value()) < limits.PASSWORD_MIN_CHARS
        ):
            raise ValueError(
                f"ADMIN_PASSWORD needs at least {limits.PASSWORD_MIN_CHARS} characters"
            )
        if self.jwt_secret is not None and len(self.jwt_secret.get_secret_value().encode()) < 32:
            raise ValueError("JWT_SECRET needs at least 32 bytes")
        if self.credentials is Credentials.DIRECT and not self.has_credential:
            raise ValueError("CREDENTIALS=direct needs ANTHROPIC_API_KEY to pass on")
        if not self.anthropic_base_url.startswith(("http://", "https://")):
            raise ValueError("ANTHROPIC_BASE_URL must begin with http:// or https://")
        return self

    @property
    def has_credential(self) -> bool:
        """A provider credential is set."""
        return self.anthropic_api_key is not None or self.claude_code_oauth_token is not None

    @property
    def subscription(self) -> bool:
        """The credential is a subscription's token, not an API key."""
        return self.anthropic_api_key is None and self.claude_code_oauth_token is not None

    @property
    def agents_port(self) -> int:
        """Port of the listener that containers reach; the one after PORT unless set."""
        if self.agent_port is not None:
            return self.agent_port
        return self.port + 1 if self.port else 0

    @property
    def database(self) -> str:
        """SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.data_dir / 'autosclaw.db'}"


def load(**overrides: object) -> Settings:
    """Settings from the environment and `.env`. Raises SettingsError with one clear sentence."""
    if "DATA_DIR" in os.environ and not os.environ["DATA_DIR"].strip():
        raise SettingsError("DATA_DIR is set but empty: give a folder or leave it out")
    try:
        return Settings(**overrides)  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]).upper()
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{where}: {message}" if where else message) from None
