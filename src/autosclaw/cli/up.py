"""`autosclaw up`: start the manager, say where it is, run until told to stop.

Every way to fail is one sentence and an exit code. Must not print a secret twice: a password
that was made up is shown once, when it was made.
"""

import asyncio
import os
import signal
import sys
from typing import Any

import click
import uvloop

from autosclaw.cli.image import ImageError, agent_image, dashboard
from autosclaw.manager.app import AlreadyRunning, Manager, Ready, UnusableFolder
from autosclaw.manager.keys import KeyFileError
from autosclaw.manager.listeners import CannotListen
from autosclaw.manager.logs import configure
from autosclaw.manager.runtimes.base import RuntimeRejected, RuntimeUnavailable
from autosclaw.manager.runtimes.registry import engine_answers
from autosclaw.manager.settings import (
    PROVIDER_URL,
    Credentials,
    RuntimeName,
    Settings,
    SettingsError,
    load,
)
from autosclaw.manager.store.database import StoreUnavailable
from autosclaw.manager.store.schema import NewerSchemaError
from autosclaw.protocol import limits
from autosclaw.rehearsal.server import RunningServer, serve

_NO_IMAGE = "not-built"


class Failure(Exception):
    """It cannot run; the sentence says why and what to do."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@click.command("up")
@click.option("--port", type=click.IntRange(0, 65535), help="PORT, 4000 unless set")
@click.option("--rehearsal", is_flag=True, help="use the rehearsal model even if a key is set")
def up(port: int | None, rehearsal: bool) -> None:
    """Start the manager and the dashboard; Ctrl-C stops it."""
    overrides: dict[str, Any] = {} if port is None else {"port": port}
    if rehearsal:
        overrides["rehearsal"] = True
    try:
        settings = load(**overrides)
        configure(settings.log_level, settings.log_dir)
        uvloop.run(_run(settings))
    except SettingsError as error:
        raise Failure(str(error), 2) from None
    except AlreadyRunning as error:
        raise Failure(str(error), 75) from None
    except (CannotListen, KeyFileError, NewerSchemaError, RuntimeRejected, ImageError) as error:
        raise Failure(str(error)) from None
    except (StoreUnavailable, RuntimeUnavailable, UnusableFolder, ValueError) as error:
        raise Failure(str(error)) from None
    except OSError as error:
        what = f"{error.strerror or error}"
        raise Failure(f"{error.filename}: {what}" if error.filename else what) from None


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    model: RunningServer | None = None
    if settings.rehearsal or _needs_rehearsal(settings):
        model = await serve()
        settings = rehearsing(settings, model.url)
    manager = Manager(settings, await _image(settings), os.environ, dashboard())
    try:
        ready = await manager.start()
        _announce(settings, ready)
        await stopping.wait()
        click.echo("Stopping …", err=True)
    finally:
        try:
            left = await asyncio.wait_for(manager.stop(), limits.SHUTDOWN_SECONDS)
        except TimeoutError:
            left = -1
        if model is not None:
            await model.aclose()
    if left:
        click.echo("Agents run on; they come back when autosclaw is started again.", err=True)


def rehearsing(settings: Settings, url: str) -> Settings:
    """The same installation on the rehearsal model: no credential of the provider is used."""
    changes = {
        "rehearsal": True,
        "anthropic_base_url": url,
        "anthropic_api_key": None,
        "claude_code_oauth_token": None,
        "credentials": Credentials.GATEWAY,
    }
    return settings.model_copy(update=changes)


def _needs_rehearsal(settings: Settings) -> bool:
    """Without a key, and without an address of the user's own to ask, nothing would answer."""
    return not settings.has_credential and settings.anthropic_base_url == PROVIDER_URL


async def _image(settings: Settings) -> str:
    if settings.agent_image:
        return settings.agent_image
    if settings.runtime is RuntimeName.PROCESS:
        return _NO_IMAGE
    if not await engine_answers(os.environ):
        return _NO_IMAGE
    return await agent_image()


def _announce(settings: Settings, ready: Ready) -> None:
    lines = [f"autosclaw runs at {ready.url}"]
    if ready.made_password is not None:
        lines.append(f"  sign in as   {ready.username}")
        lines.append(f"  password     {ready.made_password}   (shown this once)")
    lines.append(f"  agents in    {_place(ready)}")
    if settings.rehearsal:
        lines.append("  model        rehearsal: answers are scripted, nothing is charged")
        lines.append("               (set ANTHROPIC_API_KEY for the real one)")
    else:
        lines.append(f"  model        {settings.default_model} at {settings.anthropic_base_url}")
    if ready.warning:
        lines.append(f"  WARNING      {ready.warning}")
    if dashboard() is None:
        lines.append("  WARNING      the dashboard is not built: run 'make dashboard'")
    click.echo("\n".join(lines))
    sys.stdout.flush()


def _place(ready: Ready) -> str:
    if ready.runtime == "docker":
        return "Docker containers, one each"
    return f"{ready.runtime} (not isolated)"
