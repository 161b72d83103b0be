#!/usr/bin/env bash
# redis-py 8.1.0 under uvloop 0.23.0: a command on a pooled connection that was reset while it was idle raises RuntimeError.
#
# Done: a client with a pool pings a server. The server (or the kernel, for a host that vanished) resets the connection
#   while nothing uses it. The client pings again.
# Expected: the pool notices and connects again; or a ConnectionError, which Retry repeats and callers handle.
# Seen: RuntimeError "unable to perform operation on <TCPTransport closed=True …>; the handler is closed". It is no
#   RedisError, so neither Retry nor the caller's handler of Redis' errors sees it. The next command succeeds.
# Reported for Python's own loop, which raises TypeError or AttributeError: https://github.com/redis/redis-py/issues/4287
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install redis==8.1.0 uvloop==0.23.0 2>/dev/null
cat > "$room/try.py" <<'PY'
import asyncio
import socket
import struct

import uvloop
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

writers: list[asyncio.StreamWriter] = []

async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that says yes to everything."""
    writers.append(writer)
    try:
        while data := await reader.read(65536):
            writer.write(b"+PONG\r\n" * data.count(b"*"))
    except OSError:
        pass

def reset_all() -> None:
    for writer in writers:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    writers.clear()

async def main() -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    redis = Redis(port=port, protocol=2, socket_timeout=1, retry=Retry(NoBackoff(), 3))
    print("at first:", await redis.ping())
    reset_all()
    await asyncio.sleep(0.1)
    try:
        print("after the reset:", await redis.ping())
    except RuntimeError as error:
        print("after the reset: RuntimeError:", error)
    else:
        raise SystemExit("it has changed")
    print("the next one:", await redis.ping())
    reset_all()
    await redis.aclose()
    server.close()

uvloop.run(main())
PY
"$room/v/bin/python" "$room/try.py"
