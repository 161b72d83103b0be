"""The answer to a mistake of ours."""

from __future__ import annotations

import pytest
from litestar import Litestar, get
from litestar.testing import AsyncTestClient

from entrypoints.http.context import answer_with_request_id
from entrypoints.http.errors import EXCEPTION_HANDLERS


@get("/mistake")
async def mistake() -> None:
    raise RuntimeError("SELECT * FROM secrets")


async def test_a_mistake_shows_nothing_of_itself_but_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    app = Litestar(
        [mistake],
        exception_handlers=EXCEPTION_HANDLERS,
        before_send=[answer_with_request_id],
        openapi_config=None,
        logging_config=None,
    )
    async with AsyncTestClient(app, raise_server_exceptions=False) as client:
        answer = await client.get("/mistake")
    assert answer.status_code == 500
    assert answer.json() == {
        "status": "error",
        "code": "internal_error",
        "message": "Something went wrong on our side",
        "request_id": answer.headers["X-Request-ID"],
    }
    assert "SELECT * FROM secrets" in caplog.text
