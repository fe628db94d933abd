"""``python -m autosclaw.rehearsal``: the rehearsal model alone, for dry runs by hand.

It must not hold anything of the model; it reads arguments and waits.
"""

import argparse
import asyncio
import sys

from autosclaw.rehearsal.server import serve


async def _run(host: str, port: int, tempo: float) -> None:
    server = await serve(host, port, tempo=tempo)
    sys.stdout.write(f"The rehearsal model listens on {server.url} (any key); Ctrl-C ends it.\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await server.aclose()


def main() -> int:
    """Serve until interrupted; 1 when the address or the tempo cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m autosclaw.rehearsal", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8399, help="0 picks a free one")
    parser.add_argument("--tempo", type=float, default=1.0, help="2 is twice as fast")
    given = parser.parse_args()
    try:
        asyncio.run(_run(given.host, given.port, given.tempo))
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError) as error:
        sys.stderr.write(f"The rehearsal model cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
