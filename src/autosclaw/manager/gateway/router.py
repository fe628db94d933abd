"""The gateway's doors: the three paths of the provider's API that the CLI uses.

Must not know what happens behind them; every other path is not found.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from autosclaw.manager.gateway.forward import Gateway
from autosclaw.manager.gateway.ports import GatewayPorts
from autosclaw.manager.gateway.upstream import COUNT_TOKENS, MESSAGES


class _Door:
    """An ASGI endpoint rather than a function: it owns the connection until the answer ended."""

    def __init__(self, gateway: Gateway, ports: GatewayPorts, path: str) -> None:
        self._gateway = gateway
        self._ports = ports
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gateway.serve(self._ports, self._path, scope, receive, send)


async def _alive(_: Request) -> Response:
    return Response(status_code=200)


def create_router(ports: GatewayPorts, gateway: Gateway) -> APIRouter:
    """The router for the agents' listener. `gateway` stays the caller's to close."""
    router = APIRouter()
    for path in (MESSAGES, COUNT_TOKENS):
        router.routes.append(Route(path, _Door(gateway, ports, path), methods=["POST"]))
    router.routes.append(Route("/", _alive, methods=["GET", "HEAD"]))
    return router
