"""HEAD: the answer to GET, without the body (RFC 9110, section 9.3.2)."""

from __future__ import annotations

from typing import Any, Final, cast

from litestar import Litestar
from litestar.status_codes import HTTP_204_NO_CONTENT, HTTP_405_METHOD_NOT_ALLOWED
from litestar.types import Message, Scope
from typing_extensions import override


class HeadAsGet(Litestar):
    """The application, with an answer to HEAD at every address that answers GET."""

    @override
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await super().__call__(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = cast("Message", {**message, "body": b""})
            await send(message)

        # A copy: the server reads the original, and expects no body for HEAD.
        await super().__call__(cast("Scope", {**scope, "method": "GET"}), receive, send_head)


async def allow_head(message: Message, scope: Scope) -> None:  # noqa: ARG001
    """Hook: adds HEAD to GET wherever an answer lists the methods of an address."""
    if message["type"] != "http.response.start" or message["status"] not in _TELLING_METHODS:
        return
    message["headers"] = [
        (name, _with_head(value)) if name.lower() == b"allow" else (name, value) for name, value in message["headers"]
    ]


_TELLING_METHODS: Final = frozenset({HTTP_204_NO_CONTENT, HTTP_405_METHOD_NOT_ALLOWED})


def _with_head(value: bytes) -> bytes:
    methods = {method.strip() for method in value.split(b",")}
    return b", ".join(sorted(methods | {b"HEAD"})) if b"GET" in methods else value
