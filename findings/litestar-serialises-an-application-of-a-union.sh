#!/usr/bin/env bash
# Litestar 2.25.0: an ASGI application that a handler returns is sent as JSON when the annotation is a union.
#
# Done: two handlers return the same object, a dataclass that is an ASGI application. One is annotated with its class,
#   the other with a union of it and Response, as a handler needs that sometimes answers from a cache.
# Expected: both are answered by the application.
# Seen: the first one alone. The other answers 200 with the object's fields as JSON, and no warning. The annotation
#   decides, once at start, and not what was returned.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install litestar==2.25.0 httpx==0.28.1 2>/dev/null
cat > "$room/try.py" <<'PY'
from dataclasses import dataclass

from litestar import Litestar, Response, get
from litestar.testing import TestClient
from litestar.types import Receive, Scope, Send


@dataclass(frozen=True)
class Kept:
    body: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body.encode(), "more_body": False})


@get("/one")
async def one() -> Kept:
    return Kept("a page")


@get("/union")
async def union() -> Kept | Response[str]:
    return Kept("a page")


with TestClient(Litestar([one, union])) as client:
    answers = {path: client.get(path).text for path in ("/one", "/union")}
print(answers)
assert answers == {"/one": "a page", "/union": '{"body":"a page"}'}
PY
"$room/v/bin/python" "$room/try.py"
