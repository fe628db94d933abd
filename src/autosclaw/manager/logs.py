"""Logs: one JSON object a line with level, message, timestamp and request id.

To standard error, and to files of 10 MB (5 kept) where LOG_DIR says. Must not log secrets:
whatever is named like one is replaced.
"""

import logging
import logging.handlers
import sys
from pathlib import Path
from typing import Any

import structlog

_FILE_BYTES = 10 * 1000 * 1000
_FILES = 5
_LEVELS = {"debug": 10, "info": 20, "warn": 30, "error": 40}
_SECRET = ("token", "password", "secret", "api_key", "authorization", "cookie")


def _redact(_logger: Any, _name: str, event: Any) -> Any:
    for key in event:
        if any(word in key.lower() for word in _SECRET):
            event[key] = "[removed]"
    return event


def configure(level: str, folder: Path | None) -> None:
    """Set up logging for the whole process; call once. Raises OSError when LOG_DIR is unusable."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _redact,
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                folder / "autosclaw.log", maxBytes=_FILE_BYTES, backupCount=_FILES
            )
        )
    root = logging.getLogger()
    root.handlers.clear()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(_LEVELS[level])
    for noisy in ("uvicorn.access", "alembic", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "websockets", "asyncio"):
        logging.getLogger(name).setLevel(max(_LEVELS[level], logging.WARNING))
