"""The two ASGI applications: the people's (page, REST, sockets) and the agents' own listener.

Must not start servers (`manager.app` does).
"""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route, WebSocketRoute

from autosclaw import __version__
from autosclaw.manager.web import (
    errors,
    routes_agents,
    routes_health,
    routes_link,
    routes_people,
)
from autosclaw.manager.web.agent_socket import AgentSocket
from autosclaw.manager.web.context import Context
from autosclaw.manager.web.dashboard_socket import DashboardSocket
from autosclaw.manager.web.middleware import Envelope
from autosclaw.manager.web.openapi import install as install_openapi
from autosclaw.manager.web.pages import Pages
from autosclaw.manager.web.static import Page

_WORTH_PACKING_BYTES = 2_000


def _operation_id(route: APIRoute) -> str:
    return route.name


def people_app() -> FastAPI:
    """Routes of the main port, without an installation behind them."""
    app = FastAPI(
        title="autosclaw",
        version=__version__,
        description="Autonomous Claude agents in containers. Times are ISO-8601 UTC.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        generate_unique_id_function=_operation_id,
    )
    errors.install(app)
    app.include_router(routes_health.router)
    app.include_router(routes_people.router)
    app.include_router(routes_agents.router)
    install_openapi(app)
    return app


def main_app(context: Context, pages: Pages) -> FastAPI:
    """Everything the main port serves; agents may come here too (contract §3)."""
    app = people_app()
    app.state.context = context
    app.include_router(routes_link.router)
    app.router.routes.append(WebSocketRoute("/ws", DashboardSocket(pages).serve))
    app.router.routes.append(WebSocketRoute("/agent", AgentSocket().serve))
    app.router.routes.append(
        Route("/{path:path}", Page(context.static).serve, methods=["GET", "HEAD"])
    )
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_PACKING_BYTES, compresslevel=5)
    app.add_middleware(Envelope)
    return app


def agents_app(context: Context, gateway: APIRouter) -> FastAPI:
    """What containers reach: their socket, their REST, the model. No page, no sign-in."""
    app = FastAPI(title="autosclaw agents", docs_url=None, redoc_url=None, openapi_url=None)
    errors.install(app)
    app.state.context = context
    app.include_router(routes_health.router)
    app.include_router(routes_agents.router)
    app.include_router(routes_link.router)
    app.include_router(gateway)
    app.router.routes.append(WebSocketRoute("/agent", AgentSocket().serve))
    app.add_middleware(Envelope, exempt=("/v1/",))
    return app
