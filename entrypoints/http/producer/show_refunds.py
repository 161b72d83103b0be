"""A cancelled show's refunds, as one operation over all its orders."""

from __future__ import annotations

from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED

from application.refunds.show_refunds import RefundShow
from domain.access import Actor, Scope
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.producer.schemas import RefundAllIn, RefundAllOut
from entrypoints.http.strict_json import StrictJson


@post(
    "/",
    status_code=HTTP_202_ACCEPTED,
    dto=StrictJson[RefundAllIn],
    return_dto=None,
    summary="Refund everybody",
    operation_id="refund_show",
    responses=answers("conflict"),
)
async def start(
    show_id: FromPath[UUID],
    data: JSONBody[RefundAllIn],
    actor: NamedDependency[Actor],
    refund_show: NamedDependency[RefundShow],
) -> RefundAllOut:
    """Workers refund order after order of the cancelled show, including those that are paid late. Repeating it
    continues, and tries again what was refused or failed. Orders that were not paid through Stripe become void; money
    that was paid at the counter is given back there.
    """
    return RefundAllOut.of(*await refund_show(actor, show_id, refund_fees=data.refund_fees, reason=data.reason))


@get("/", summary="Get the progress of the refunds", operation_id="get_show_refund")
async def progress(
    show_id: FromPath[UUID], actor: NamedDependency[Actor], refund_show: NamedDependency[RefundShow]
) -> RefundAllOut:
    """Not found before the refund is requested."""
    return RefundAllOut.of(*await refund_show.progress(actor, show_id))


router = guarded_router(
    "/shows/{show_id:uuid}/refund-all", start, progress, scopes=[Scope.ORDERS], tags=["Producer: orders"]
)
