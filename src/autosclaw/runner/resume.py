"""Brings back a session's log that the manager holds.

Must not understand the log; `session_files` knows where it belongs.
"""

import aiohttp
import msgspec

# Bytes of one agent's session log; a day's work is a few megabytes.
LOG_BYTES = 512 << 20
_SECONDS = 120.0
_PIECE_BYTES = 1 << 20


class NoLog(Exception):
    """The log cannot be had; the text says why."""


async def fetch_log(manager_url: str, agent_token: str) -> dict[str, str]:
    """The session log of the agent with this token: subpath → JSON lines. Raises NoLog."""
    url = manager_url.rstrip("/") + "/agent/session"
    headers = {"Authorization": f"Bearer {agent_token}"}
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as http,
            http.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise NoLog(f"the manager answered {answer.status}")
            body = bytearray()
            async for piece in answer.content.iter_chunked(_PIECE_BYTES):
                body += piece
                if len(body) > LOG_BYTES:
                    raise NoLog(f"the session log is larger than {LOG_BYTES} bytes")
        return msgspec.json.decode(body, type=dict[str, str])
    except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as error:
        raise NoLog(f"the session log did not arrive ({type(error).__name__})") from error
