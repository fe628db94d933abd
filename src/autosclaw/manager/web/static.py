"""The page's files: hashed assets for ever, index.html fresh, and for every view's address.

Must not serve anything outside the dashboard's folder.
"""

import mimetypes
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

_FOREVER = "public, max-age=31536000, immutable"
_FRESH = "no-cache"
_PACKED = (("br", ".br"), ("gzip", ".gz"))
_DOORS = frozenset({"api", "auth", "agent", "ws", "v1"})
_MISSING = "The dashboard has not been built in this installation: run 'make dashboard' and reload."


class Page:
    """Serves one folder as a single-page application."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder else None

    async def serve(self, request: Request) -> Response:
        """A file, or index.html for an address that is a view."""
        path = request.path_params.get("path", "")
        if path.split("/")[0] in _DOORS:
            raise HTTPException(404)
        if self._folder is None:
            return PlainTextResponse(_MISSING, 503)
        file = _file(self._folder, path)
        if file is not None:
            kept = _FOREVER if path.startswith("assets/") else _FRESH
            return _send(request, file, kept)
        if path.startswith("assets/"):
            raise HTTPException(404)
        return _send(request, self._folder / "index.html", _FRESH)


def _send(request: Request, file: Path, kept: str) -> Response:
    """The file, packed when it lies there so and the browser takes it."""
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    accepted = request.headers.get("accept-encoding", "")
    names = {part.partition(";")[0].strip() for part in accepted.split(",")}
    kind = mimetypes.guess_type(file.name)[0]
    for name, suffix in _PACKED:
        packed = file.with_name(file.name + suffix)
        if name in names and packed.is_file():
            return FileResponse(
                packed, media_type=kind, headers=headers | {"Content-Encoding": name}
            )
    return FileResponse(file, media_type=kind, headers=headers)


def _file(folder: Path, path: str) -> Path | None:
    """The file in `folder` that this address names, if there is one."""
    try:
        file = (folder / path).resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return None
