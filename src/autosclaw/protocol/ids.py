"""Identifiers and secrets: how they are made and what they look like.

Must not decide who may use them.
"""

import re
import secrets
import uuid

AGENT_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def new_id() -> str:
    """A random UUID (RFC 9562 version 4): agents, questions, users, requests."""
    return str(uuid.uuid4())


def new_token() -> str:
    """32 random bytes in hex: an agent's token for one boot of its container."""
    return secrets.token_hex(32)
