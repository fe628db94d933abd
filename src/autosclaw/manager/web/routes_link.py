"""REST for runners: what an agent's own token opens besides its socket.

Must not serve people.
"""

from fastapi import APIRouter

from autosclaw.manager.web.errors import ERRORS
from autosclaw.manager.web.signin import AgentOnly, Installation

router = APIRouter(tags=["link"], responses=ERRORS)


@router.get("/agent/session")
async def session(agent: AgentOnly, here: Installation) -> dict[str, str]:
    """The CLI's own log of this agent, file text by subpath, for resuming its session."""
    return await here.links.session_files(agent.id)
