"""A buyer who lost the mail asks for the links to their orders."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED

from application.notifications.order_links import LookUpOrders
from domain.customer import parse_email
from domain.errors import InvalidEmail
from entrypoints.http.openapi import answers
from entrypoints.http.rate_limit import limit_lookups
from entrypoints.http.strict_json import StrictJson
from entrypoints.injection import SharedRouter


class LookupIn(msgspec.Struct, forbid_unknown_fields=True):
    email: str

    def to_address(self) -> str:
        """The address. Raises InvalidEmail."""
        try:
            return parse_email(self.email)
        except InvalidEmail as error:
            raise InvalidEmail(str(error), field="email") from None


class LookupOut(msgspec.Struct, kw_only=True):
    """The same whether or not the address has orders."""

    status: Literal["accepted"] = "accepted"
    message: str = "If there are orders for this address, we have mailed the links to them. It can take a few minutes."


@post(
    "/orders/lookup",
    status_code=HTTP_202_ACCEPTED,
    dto=StrictJson[LookupIn],
    return_dto=None,
    before_request=limit_lookups,
    summary="Mail a buyer the links to their orders",
    operation_id="look_up_orders",
    responses=answers("invalid_email", "rate_limited"),
)
async def look_up(data: JSONBody[LookupIn], look_up_orders: NamedDependency[LookUpOrders]) -> LookupOut:
    """Always accepted. An address is mailed at most once in ten minutes."""
    await look_up_orders(data.to_address())
    return LookupOut()


router = SharedRouter("/", route_handlers=[look_up], tags=["Orders"])
