"""REST: is the manager well?

Must not need a sign-in.
"""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from autosclaw.manager.store.database import StoreUnavailable
from autosclaw.manager.web.signin import Installation
from autosclaw.protocol.agents import Health

router = APIRouter(prefix="/api", tags=["health"])


@router.get("/health", response_model=Health, responses={503: {"model": Health}})
async def health(here: Installation) -> Response:
    """ok, or 503 when the database does not answer."""
    try:
        await here.database.ping()
    except StoreUnavailable:
        return JSONResponse({"status": "error"}, 503)
    return JSONResponse({"status": "ok"})
