"""Refusals with Stripe's words and codes.

StripeRefusal                     any answer that is not a success
  invalid_request / missing_param / unknown_param / no_such / card_declined ...: build the usual ones
"""

from typing import Any

from demo.stripe_sandbox.protocol.json_types import JsonObject


class StripeRefusal(Exception):
    """An error answer: ``status`` is the HTTP status, ``body`` the JSON that goes with it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        fields = {"code": code, "message": message, "param": param, "type": kind, **details}
        if code is not None:
            fields["doc_url"] = f"https://docs.stripe.com/error-codes#{code.replace('_', '-')}"
        self.error: JsonObject = {name: value for name, value in fields.items() if value is not None}

    @property
    def body(self) -> JsonObject:
        return {"error": self.error}


def missing_param(param: str) -> StripeRefusal:
    return StripeRefusal(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown_param(param: str) -> StripeRefusal:
    return StripeRefusal(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def exclusive_params(first: str, second: str) -> StripeRefusal:
    message = f"You may only specify one of these parameters: {first}, {second}."
    return StripeRefusal(message, code="parameters_exclusive", param=first)


def invalid_integer(param: str, value: object, wanted: str = "integer") -> StripeRefusal:
    return StripeRefusal(f"Invalid {wanted}: {value}", code="parameter_invalid_integer", param=param)


def no_such(kind: str, object_id: str, param: str | None = None) -> StripeRefusal:
    message = f"No such {kind}: '{object_id}'"
    return StripeRefusal(message, status=404, code="resource_missing", param=param or "id")


def not_in_the_sandbox(what: str, param: str) -> StripeRefusal:
    """The refusal of a request that Stripe supports and the sandbox does not."""
    return StripeRefusal(f"The sandbox does not support {what}.", param=param)


def card_declined(**details: Any) -> StripeRefusal:
    return StripeRefusal(
        "Your card was declined.",
        status=402,
        kind="card_error",
        code="card_declined",
        decline_code="generic_decline",
        **details,
    )


def rate_limited() -> StripeRefusal:
    message = "Request rate limit exceeded. Learn more about rate limits here https://docs.stripe.com/rate-limits."
    return StripeRefusal(message, status=429, code="rate_limit")


def server_error() -> StripeRefusal:
    message = "An unknown error occurred; the sandbox was told to answer so."
    return StripeRefusal(message, status=500, kind="api_error")
