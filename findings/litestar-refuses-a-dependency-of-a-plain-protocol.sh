#!/usr/bin/env bash
# Litestar 2.25.0: a dependency annotated with a plain Protocol passes the start, and every request fails.
#
# Done: two handlers with the same dependency. One annotates it with a typing.Protocol, the other with the same Protocol
#   made @runtime_checkable.
# Expected: an error at start, or two handlers that answer: a type checker takes both, and the object has the method.
# Seen: the application starts without a word. The first handler answers each request with 500: msgspec checks the
#   dependency by isinstance, which a plain Protocol refuses with a TypeError. The second one answers 200.
# Remedy: make Protocols @runtime_checkable where they annotate dependencies, or request one in a test.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install litestar==2.25.0 httpx==0.28.1 2>/dev/null
cat > "$room/try.py" <<'PY'
from typing import Protocol, runtime_checkable

from litestar import Litestar, get
from litestar.di import Provide
from litestar.testing import TestClient


class Plain(Protocol):
    def hour(self) -> int: ...


@runtime_checkable
class Checkable(Protocol):
    def hour(self) -> int: ...


class Clock:
    def hour(self) -> int:
        return 20


@get("/plain", sync_to_thread=False)
def plain(clock: Plain) -> int:
    return clock.hour()


@get("/checkable", sync_to_thread=False)
def checkable(clock: Checkable) -> int:
    return clock.hour()


app = Litestar([plain, checkable], dependencies={"clock": Provide(Clock, sync_to_thread=False)}, logging_config=None)
with TestClient(app, raise_server_exceptions=False) as client:
    seen = {path: client.get(path).status_code for path in ("/plain", "/checkable")}
print(seen)
assert seen == {"/plain": 500, "/checkable": 200}, seen
PY
"$room/v/bin/python" "$room/try.py"
