"""What the gateway needs from the rest of the manager, as one protocol.

Must not know who implements it: the gateway neither opens transactions nor reads tables.
"""

from typing import Protocol

from autosclaw.manager.domain.usage import Caller, UsageRow

__all__ = ["Caller", "GatewayPorts"]


class GatewayPorts(Protocol):
    """Asked once a request each, in this order. Each may be cancelled with the request except
    `record`, which always runs to its end.

    A DomainError from `authenticate` or `admit` becomes the answer: UNAVAILABLE as 503, which
    the CLI tries again, everything else as a refusal with the error's sentence.
    """

    async def authenticate(self, token: str) -> Caller | None:
        """The agent whose token this is; None for a token of nobody or of an ended agent."""
        ...

    async def admit(self, caller: Caller, model: str) -> str | None:
        """None = go on; a sentence for a person = refuse this request (402) with it.

        Not asked for token counting, which costs nothing.
        """
        ...

    async def record(self, caller: Caller, row: UsageRow) -> None:
        """Make the row durable. Called exactly once for every request that went upstream, before
        the end of its answer; a DomainError is logged together with the row.
        """
        ...
