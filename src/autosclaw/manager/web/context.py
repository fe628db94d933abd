"""What every door needs, in one value that the composition root builds.

Must not hold state of its own.
"""

from dataclasses import dataclass
from pathlib import Path

from autosclaw.manager.services.accounts import Accounts
from autosclaw.manager.services.agents import AgentService
from autosclaw.manager.services.conversations import Conversations
from autosclaw.manager.services.fleet import Fleet
from autosclaw.manager.services.links import Links
from autosclaw.manager.services.transcripts import Transcripts
from autosclaw.manager.store.database import Database
from autosclaw.protocol.live import Server


@dataclass(frozen=True, slots=True)
class Context:
    """Services and facts of this installation. `epoch` names this run of the manager."""

    database: Database
    accounts: Accounts
    agents: AgentService
    conversations: Conversations
    fleet: Fleet
    transcripts: Transcripts
    links: Links
    server: Server
    epoch: str
    static: Path | None
    allowed_origins: tuple[str, ...]
