"""Errors over HTTP (docs/api.md#errors): one table for rules, use cases and the framework."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
    ValidationException,
)

from application import errors as application
from application.ports.payment import InvalidSignature, PaymentRefused, PaymentUnavailable
from application.ports.unit_of_work import StorageConflict, StorageUnavailable
from domain import errors as domain
from domain.devices import CodeExpired, CodeUsed, DeviceNameTaken, OtherKind
from domain.offering import PriceChanged
from entrypoints.http.access import DeviceRevoked
from entrypoints.http.context import note_error, request_id_of
from entrypoints.http.schemas import QuoteOut

log = logging.getLogger(__name__)


class ErrorOut(msgspec.Struct, kw_only=True):
    """The body of every answer that is not a 2xx or 3xx. Only price_changed has a ``quote``, and only not_on_sale_yet
    has ``on_sale_at``, the moment at which the sale begins.
    """

    status: Literal["error"] = "error"
    code: str
    message: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    quote: QuoteOut | msgspec.UnsetType = msgspec.UNSET
    on_sale_at: datetime | msgspec.UnsetType = msgspec.UNSET
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """The HTTP form of one kind of error."""

    status: HTTPStatus
    code: str
    retry_after_seconds: int | None = None


_BAD_REQUEST = HTTPStatus.BAD_REQUEST
_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE

#: The first row that the error is an instance of counts, so special errors come before general ones.
ERRORS: dict[type[Exception], Row] = {
    domain.InvalidEmail: Row(_BAD_REQUEST, "invalid_email"),
    domain.InvalidName: Row(_BAD_REQUEST, "invalid_name"),
    domain.InvalidPhone: Row(_BAD_REQUEST, "invalid_phone"),
    domain.InvalidQuantity: Row(_BAD_REQUEST, "invalid_quantity"),
    domain.NoTickets: Row(_BAD_REQUEST, "no_tickets"),
    domain.TooManyTickets: Row(_BAD_REQUEST, "too_many_tickets"),
    domain.OrderTotalExceeded: Row(_BAD_REQUEST, "order_total_exceeded"),
    domain.DonationTooLarge: Row(_BAD_REQUEST, "donation_too_large"),
    domain.DonationTooSmall: Row(_BAD_REQUEST, "donation_too_small"),
    domain.DonationNotAllowed: Row(_BAD_REQUEST, "donation_not_allowed"),
    domain.ShowEnded: Row(_BAD_REQUEST, "show_ended"),
    domain.ShowUnavailable: Row(_BAD_REQUEST, "show_unavailable"),
    domain.NotOnSaleYet: Row(_BAD_REQUEST, "not_on_sale_yet"),
    domain.SaleEnded: Row(_BAD_REQUEST, "sale_ended"),
    domain.TicketNotFound: Row(_BAD_REQUEST, "ticket_not_found"),
    domain.TicketsUnavailable: Row(_BAD_REQUEST, "tickets_unavailable"),
    domain.InvalidPromoCode: Row(_BAD_REQUEST, "invalid_promo_code"),
    domain.PromoCodeExhausted: Row(_BAD_REQUEST, "promo_code_exhausted"),
    domain.ProducerPaymentMissing: Row(_BAD_REQUEST, "producer_payment_missing"),
    domain.HoldLimitReached: Row(HTTPStatus.TOO_MANY_REQUESTS, "hold_limit_reached", retry_after_seconds=60),
    domain.InvalidRequest: Row(_BAD_REQUEST, "invalid_request"),
    InvalidSignature: Row(_BAD_REQUEST, "invalid_request"),
    domain.NotFound: Row(HTTPStatus.NOT_FOUND, "not_found"),
    PriceChanged: Row(HTTPStatus.CONFLICT, "price_changed"),
    application.CheckoutInProgress: Row(HTTPStatus.CONFLICT, "checkout_in_progress"),
    CodeUsed: Row(HTTPStatus.CONFLICT, "pairing_code_used"),
    CodeExpired: Row(HTTPStatus.CONFLICT, "pairing_code_expired"),
    OtherKind: Row(HTTPStatus.CONFLICT, "other_device_kind"),
    DeviceNameTaken: Row(HTTPStatus.CONFLICT, "device_name_taken"),
    domain.DomainError: Row(HTTPStatus.CONFLICT, "conflict"),
    application.ProofOfWorkRequired: Row(_BAD_REQUEST, "proof_of_work_required"),
    application.IdempotencyKeyReused: Row(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
    application.ScopeMissing: Row(HTTPStatus.FORBIDDEN, "forbidden"),
    application.TaxNotConfigured: Row(HTTPStatus.CONFLICT, "tax_not_configured"),
    application.Busy: Row(_UNAVAILABLE, "busy", retry_after_seconds=1),
    application.PaymentNotPossible: Row(_UNAVAILABLE, "payment_unavailable", retry_after_seconds=5),
    PaymentUnavailable: Row(_UNAVAILABLE, "payment_unavailable", retry_after_seconds=5),
    PaymentRefused: Row(_UNAVAILABLE, "payment_unavailable", retry_after_seconds=60),
    StorageConflict: Row(_UNAVAILABLE, "unavailable", retry_after_seconds=1),
    StorageUnavailable: Row(_UNAVAILABLE, "unavailable", retry_after_seconds=2),
}

# An adapter's description of its trouble is for the log; the caller gets this instead.
_PUBLIC_MESSAGES = {
    "payment_unavailable": "The payment provider did not answer as expected, please try again in a moment",
    "unavailable": "The service is not available for a moment, please try again",
}

_FRAMEWORK_CODES = {
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}

#: Litestar's message for a body that breaks off. The client has gone and reads no answer.
_HUNG_UP = "client disconnected prematurely"

#: Litestar's name of the body among the parameters. It says so only of a body that is missing.
_BODY = "data"

_ABOUT_FIELDS = (
    (re.compile(r"Object missing required field `(?P<name>[^`]+)`"), "this field is required"),
    (re.compile(r"Object contains unknown field `(?P<name>[^`]+)`"), "there is no such field"),
)


def code_of(error: Exception) -> str:
    """The error's code in the table."""
    return row_of(error).code


def row_of(error: Exception) -> Row:
    """The error's row in the table."""
    return next(row for kind, row in ERRORS.items() if isinstance(error, kind))


def application_error(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorOut]:
    """The answer to an error of a rule, a use case or a port."""
    row = row_of(error)
    if row.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("%s answered %d %s: %s", request.url.path, row.status, row.code, error)
    body = ErrorOut(
        code=row.code,
        message=_PUBLIC_MESSAGES.get(row.code, str(error)),
        field=getattr(error, "field", None) or msgspec.UNSET,
        quote=QuoteOut.of(error.quote) if isinstance(error, PriceChanged) else msgspec.UNSET,
        on_sale_at=error.on_sale_at if isinstance(error, domain.NotOnSaleYet) else msgspec.UNSET,
    )
    headers = {"Retry-After": str(row.retry_after_seconds)} if row.retry_after_seconds else None
    return _answer(request, row.status, body, headers)


def framework_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorOut]:
    """The answer to what Litestar refuses: no such route, wrong method, malformed or mistyped input."""
    if isinstance(error, ValidationException):
        return _answer(request, _BAD_REQUEST, _about_parameters(request, error))
    if error.detail == _HUNG_UP:
        log.info("%s %s: the client hung up before its request was complete", request.method, request.url.path)
        return _answer(request, _BAD_REQUEST, ErrorOut(code="invalid_request", message="The request is incomplete"))
    status = HTTPStatus(error.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return unexpected_error(request, error)
    code = "device_revoked" if isinstance(error, DeviceRevoked) else _FRAMEWORK_CODES.get(status, "invalid_request")
    message = error.detail if isinstance(error, _WITH_OUR_WORDS) or status == _BAD_REQUEST else status.description
    return _answer(request, status, ErrorOut(code=code, message=message or status.phrase), error.headers)


_WITH_OUR_WORDS = (NotAuthorizedException, PermissionDeniedException, TooManyRequestsException)


def nesting_error(request: Request[Any, Any, Any], error: RecursionError) -> Response[ErrorOut]:  # noqa: ARG001
    """The answer to JSON that is nested deeper than any request of ours."""
    return _answer(request, _BAD_REQUEST, ErrorOut(code="invalid_request", message="JSON is nested too deeply"))


def unexpected_error(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorOut]:
    """The answer to a mistake of ours. The log has all of it, the answer only the request's id to find it by."""
    log.error("Unexpected error at %s %s", request.method, request.url.path, exc_info=error)
    body = ErrorOut(code="internal_error", message="Something went wrong on our side")
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, body)


def malformed_body(request: Request[Any, Any, Any], error: msgspec.DecodeError) -> Response[ErrorOut]:
    """The answer to a body that is not JSON, or not the expected JSON."""
    message, _, place = str(error).partition(" - at `$")
    return _answer(request, _BAD_REQUEST, _about_input(message, place.strip("`.")))


def _about_parameters(request: Request[Any, Any, Any], error: ValidationException) -> ErrorOut:
    """The error of path, query or header parameters: the first of Litestar's list is enough."""
    first = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    key = str(first.get("key", ""))
    if key == _BODY:
        return ErrorOut(code="invalid_request", message="This request needs a body: a JSON object")
    # Litestar names our function's argument, and clients know the parameter.
    argument = request.route_handler.parsed_fn_signature.parameters.get(key)
    name = getattr(argument and argument.kwarg_definition, "name", None) or key
    return _about_input(str(first.get("message", error.detail)), name)


def _about_input(message: str, place: str) -> ErrorOut:
    for pattern, words in _ABOUT_FIELDS:
        if found := pattern.fullmatch(message):
            place = f"{place}.{found['name']}" if place else found["name"]
            message = words
    if place.endswith(".quantity") and message.startswith("Expected `int`"):
        return ErrorOut(code="invalid_quantity", message="Quantity must be a whole number", field=place)
    return ErrorOut(
        code="invalid_request", message=f"{place}: {message}" if place else message, field=place or msgspec.UNSET
    )


def _answer(
    request: Request[Any, Any, Any], status: HTTPStatus, body: ErrorOut, headers: dict[str, str] | None = None
) -> Response[ErrorOut]:
    body.request_id = request_id_of(request.scope)
    note_error(request.scope, body.code)
    return Response(body, status_code=status, headers=headers, media_type=MediaType.JSON)


EXCEPTION_HANDLERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[Any]]] = {
    Exception: unexpected_error,
    msgspec.DecodeError: malformed_body,
    RecursionError: nesting_error,
    HTTPException: framework_error,
    **dict.fromkeys(ERRORS, application_error),
}
