"""Errors as HTTP answers: the one place where codes become statuses.

Must not leak: what is not foreseen becomes a 500 without its text (`middleware`).
"""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from autosclaw.manager.services.transcripts import TranscriptDiverged
from autosclaw.manager.store.database import StoreUnavailable
from autosclaw.protocol.errors import Code, DomainError

STATUS: dict[Code, int] = {
    Code.BAD_INPUT: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.TOO_LARGE: 413,
    Code.TOO_MANY: 429,
    Code.UNAVAILABLE: 503,
}
UNEXPECTED = "This failed on our side; it was logged."
_WORDS = {
    400: "The body could not be read.",
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
}
log = structlog.get_logger()


class ErrorBody(BaseModel):
    """Every error: a sentence for a human."""

    error: str


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 401, 403, 404, 409, 413, 422, 503)
}


def sentence(errors: list[Any]) -> str:
    """The first complaint of pydantic, naming the field and the limit."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return "The body is not JSON."
    parts = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    message = str(first["msg"]).removeprefix("Value error, ")
    field = ".".join(parts)
    return f"{field}: {message}." if field else f"{message}."


def install(app: FastAPI) -> None:
    """Answer every foreseen kind of failure in the contract's form."""

    async def domain(_request: Request, error: Exception) -> Response:
        if not isinstance(error, DomainError):
            raise error
        return JSONResponse({"error": error.message}, STATUS[error.code])

    async def invalid(_request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        return JSONResponse({"error": sentence(list(error.errors()))}, 400)

    async def http(_request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        text = _WORDS.get(error.status_code, str(error.detail))
        return JSONResponse({"error": text}, error.status_code, headers=error.headers)

    async def store(_request: Request, error: Exception) -> Response:
        log.error("store_unavailable", error=str(error))
        return JSONResponse({"error": "The database does not answer; try again."}, 503)

    app.add_exception_handler(DomainError, domain)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(StoreUnavailable, store)
    app.add_exception_handler(TranscriptDiverged, store)
