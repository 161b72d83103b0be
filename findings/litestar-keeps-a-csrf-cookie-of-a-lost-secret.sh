#!/usr/bin/env bash
# Litestar 2.25.0: after the CSRF secret was changed, a browser with an old cookie can send no form any more.
#
# Done: a form page under CSRFConfig; the secret is changed, as it should be now and then; a browser that was here before
#   opens the page again and sends its form.
# Expected: the page sets a new cookie, as it does for a newcomer, and the form is taken.
# Seen: the cookie that no longer verifies counts as there. No new one is set, the page offers the old token again, and
#   every form is answered with 403 until the visitor clears the cookies.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install litestar==2.25.0 httpx==0.28.1 2>/dev/null
cat > "$room/try.py" <<'PY'
from typing import Any

from litestar import Litestar, Request, get, post
from litestar.config.csrf import CSRFConfig
from litestar.testing import TestClient
from litestar.utils.scope.state import ScopeState


@get("/", media_type="text/plain")
async def page(request: Request[Any, Any, Any]) -> str:
    """The token, as a template's hidden field would have it."""
    return str(ScopeState.from_scope(request.scope).csrf_token)


@post("/form", status_code=200)
async def form() -> str:
    return "taken"


def visit(secret: str, cookies: dict[str, str]) -> tuple[int, str, bool]:
    """How the form was answered, the browser's token afterwards, and whether a new cookie was set."""
    app = Litestar([page, form], csrf_config=CSRFConfig(secret=secret))
    with TestClient(app, cookies=cookies) as browser:
        answer = browser.get("/")
        sent = browser.post("/form", headers={"x-csrftoken": answer.text})
        return sent.status_code, answer.text, "set-cookie" in answer.headers


status, token, is_set = visit("first secret", {})
print("a newcomer:", status, "cookie set:", is_set)
assert (status, is_set) == (200, True)
returning = visit("first secret", {"csrftoken": token})
print("the same browser later:", returning[0], "cookie set:", returning[2])
assert returning == (200, token, False)
changed = visit("second secret", {"csrftoken": token})
print("after the secret was changed:", changed[0], "cookie set:", changed[2])
assert changed == (403, token, False)
PY
"$room/v/bin/python" "$room/try.py"
