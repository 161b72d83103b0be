"""A buyer came back from paying while Stripe did not answer: their browser remembers it for the order's page.

It only decides which words the page shows. Only Stripe knows whether money came.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from litestar import Request, Response

from domain.orders import Order

_COOKIE: Final = "paid-order"
#: The webhook or the reconciler has come by then.
_MAX_AGE_SECONDS: Final = 15 * 60

Answer = TypeVar("Answer", bound=Response[Any])


def with_word_of_payment(answer: Answer, order: Order) -> Answer:
    """The answer, with a cookie that makes the browser remember."""
    answer.set_cookie(
        _COOKIE, order.id.hex, path="/shows", max_age=_MAX_AGE_SECONDS, httponly=True, samesite="lax", secure=False
    )
    return answer


def has_just_paid(request: Request[Any, Any, Any], order: Order) -> bool:
    """Whether this browser came back from paying the order."""
    return request.cookies.get(_COOKIE) == order.id.hex
