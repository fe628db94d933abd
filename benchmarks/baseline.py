"""What a plain server reaches: bare uvicorn, no database, no rights, one message at a time.

`/agent` takes the contract's single events, `/ws` hands each to every page that watches the agent;
GET /health answers. Shares listener settings with the manager, nothing else. Prints one JSON
line with its port. Must not acknowledge, number or keep anything.

    python -m benchmarks.baseline
"""

import json
import socket
from typing import Any

import msgspec
import uvicorn
import uvloop

watchers: dict[str, set[Any]] = {}
decode = msgspec.json.Decoder(dict[str, Any]).decode


async def _health(send: Any) -> None:
    body = b'{"status":"ok"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _agent(receive: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message["text"]
        for send in tuple(watchers.get(decode(text)["agentId"], ())):
            await send({"type": "websocket.send", "text": text})


async def _page(receive: Any, send: Any) -> None:
    watched: list[str] = []
    try:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            agent_id = decode(message["text"])["agentId"]
            watched.append(agent_id)
            watchers.setdefault(agent_id, set()).add(send)
    finally:
        for agent_id in watched:
            watchers[agent_id].discard(send)


async def serve(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] == "http":
        await _health(send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/agent":
        await _agent(receive)
    else:
        await _page(receive, send)


async def _run() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(
        serve,
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(_run())
