"""HEAD: what GET would answer, without the body (RFC 9110, section 9.3.2)."""

from __future__ import annotations

from typing import Any, cast

from litestar import Litestar
from litestar.types import Message, Scope
from typing_extensions import override


class HeadAsGet(Litestar):
    """The application, in which every address that answers GET answers HEAD."""

    @override
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await super().__call__(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = cast("Message", {**message, "body": b""})
            await send(message)

        # A copy: the server looks into its own, and expects no body either.
        await super().__call__(cast("Scope", {**scope, "method": "GET"}), receive, send_head)
