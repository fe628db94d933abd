"""The rehearsal model in the test's own process: it outlives managers and remembers requests.

Must not change what the rehearsal model answers.
"""

from collections import Counter

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from autosclaw.rehearsal.server import SHUTDOWN_SECONDS, create_app

KEY = "provider-key-of-tests"


class WatchedModel:
    """`marks`: how often each watched word stood in the request that held it most often.

    `newest` is the body of the last request, `requests` how many there were.
    """

    def __init__(self, key: str = KEY) -> None:
        self.key = key
        self.url = ""
        self.requests = 0
        self.newest = b""
        self.marks: Counter[str] = Counter()
        self._watched: set[str] = set()
        app = create_app(key, tempo=1_000)
        app.middlewares.append(_noting(self))
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )

    @property
    def settings(self) -> dict[str, str]:
        """What a manager has to be told to use it."""
        return {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": self.key}

    def watch(self, mark: str) -> str:
        """Count this word from now on; returns it."""
        self._watched.add(mark)
        return mark

    async def start(self) -> None:
        """Listen on loopback."""
        await self._runner.setup()
        self.url = await self.listen("127.0.0.1")

    async def listen(self, host: str) -> str:
        """Listen there as well; returns the URL. Raises OSError."""
        await web.TCPSite(self._runner, host, 0).start()
        port = self._runner.addresses[-1][1]
        return f"http://{host}:{port}"

    async def close(self) -> None:
        """End open answers and stop listening."""
        await self._runner.cleanup()

    def note(self, body: bytes) -> None:
        """One request for an answer."""
        self.requests += 1
        self.newest = body
        for mark in self._watched:
            self.marks[mark] = max(self.marks[mark], body.count(mark.encode()))


def _noting(model: WatchedModel) -> Middleware:
    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/v1/messages":
            model.note(await request.read())
        return await handler(request)

    return note
