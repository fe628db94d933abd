"""The OpenAPI document: REST models, and beside them the frames and events of both sockets.

One document, so that clients are generated from one place. Must not describe what is not served.
"""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from autosclaw.protocol import events, link, live

_REF = "#/components/schemas/{name}"


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document."""
    made = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas: dict[str, Any] = made["components"]["schemas"]
    adapters: dict[str, TypeAdapter[Any]] = {
        "ClientMessage": live.client_message,
        "ServerMessage": TypeAdapter(live.ServerMessage),
    }
    for name, adapter in adapters.items():
        mode = "validation" if name == "ClientMessage" else "serialization"
        schema = adapter.json_schema(ref_template="#/components/schemas/{model}", mode=mode)
        for inner, definition in schema.pop("$defs").items():
            schemas.setdefault(inner, definition)
        schemas[name] = schema
    unions = {"Event": events.Event, "LinkUp": link.SessionFrame, "LinkDown": link.DownFrame}
    parts, found = msgspec.json.schema_components(list(unions.values()), ref_template=_REF)
    for inner, definition in found.items():
        schemas.setdefault(inner, definition)
    schemas.update(zip(unions, parts, strict=True))
    made["components"]["schemas"] = dict(sorted(schemas.items()))
    return made


def install(app: FastAPI) -> None:
    """Serve the whole document instead of the routes' part of it."""

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = build
