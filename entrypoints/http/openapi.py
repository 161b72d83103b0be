"""OpenAPI's errors and examples, described here once instead of at every handler.

A handler names only its specific errors (``responses=answers("conflict")``). When the description is first read,
``complete`` adds what every operation of its kind can answer: 400 if something is sent beside the path, 401 and 403 if
a token is needed, 404 if the path names an object, 413 if there is a body, 503 if the database is used. Bodies get
their examples from entrypoints.http.examples, by the names of their types.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields, replace
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

from litestar import Request, Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    Example,
    OpenAPI,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    Reference,
    Schema,
)
from litestar.openapi.spec.path_item import PathItem
from typing_extensions import override

from entrypoints.http.errors import ERRORS, ErrorOut
from entrypoints.http.examples import (
    ERROR_DETAILS,
    ERROR_MESSAGES,
    EXAMPLES,
    OPTIONAL_IN_EXAMPLES,
    PARAMETER_EXAMPLES,
    REQUEST_ID,
    TEXT_EXAMPLES,
)
from entrypoints.http.field_words import FIELDS, OF_AN_OBJECT

_JSON: Final = "application/json"
_ERROR: Final = Reference("#/components/schemas/ErrorOut")
_PREPARED: Final = "openapi_prepared"
_METHODS: Final = ("get", "put", "post", "patch", "delete")

#: The status of each code in docs/api.md#errors; the last five have no error class in the table.
STATUSES: Final = {row.code: row.status for row in ERRORS.values()} | {
    "unauthorized": HTTPStatus.UNAUTHORIZED,
    "device_revoked": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
}
_HEADERS: Final = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.FORBIDDEN: "WWW-Authenticate",
    HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}


class _AsItIs(Example):
    """An example with its nulls, too: Litestar leaves every None out."""

    @override
    def to_schema(self) -> dict[str, Any]:
        return {"value": self.value}


def answers(*codes: str) -> dict[int, ResponseSpec]:
    """The errors of an operation, by their codes in docs/api.md#errors."""
    return {
        int(status): ResponseSpec(
            data_container=ErrorOut,
            generate_examples=False,
            description=status.phrase,
            examples=[_example(code) for code in coded],
        )
        for status, coded in _by_status(codes).items()
    }


class OpenAPIOnDemand(OpenAPIConfig):
    """The configuration of a description that is made when it is first read: most processes are never asked for it."""

    @override
    def to_openapi_schema(self) -> OpenAPI:
        made = super().to_openapi_schema()
        return _Completed(**{each.name: getattr(made, each.name) for each in fields(made)})


class _Completed(OpenAPI):
    """The description, to which ``complete`` adds the rest before it is read."""

    _completing = Lock()
    _is_complete = False

    @override
    def to_schema(self) -> dict[str, Any]:
        with self._completing:
            if not self._is_complete:
                complete(self)
            self._is_complete = True
        return super().to_schema()


def schema_router(path: str) -> Router:
    """The router for the description. The first request for it is prepared in a thread, while others are answered."""

    async def prepare(request: Request[Any, Any, Any]) -> None:
        def make() -> None:
            request.app.openapi_schema.to_schema()

        if _PREPARED not in request.app.state:
            await asyncio.to_thread(make)
        request.app.state[_PREPARED] = True

    return Router(path, route_handlers=[], include_in_schema=False, dto=None, return_dto=None, before_request=prepare)


def complete(openapi: OpenAPI) -> None:
    """Fill in what operations have in common, and the examples."""
    for path, item in (openapi.paths or {}).items():
        for operation in _operations(item):
            _add_errors(operation, _common_codes(path, operation))
            _add_examples(operation)
            _add_request_examples(operation)
    for name, schema in openapi.components.schemas.items():
        if name.endswith("In") and isinstance(schema, Schema):
            schema.additional_properties = False  # docs/api.md: unknown fields are refused
        if isinstance(schema, Schema):
            _describe_fields(name, schema)


def _describe_fields(name: str, schema: Schema) -> None:
    """Say what the fields of an object mean, where their types do not."""
    properties = schema.properties or {}
    for field, of_type in [*properties.items()]:
        words = OF_AN_OBJECT.get((name, field), FIELDS.get(field))
        if words and not of_type.description:
            # A copy: other fields may have the same type.
            properties[field] = replace(of_type, description=words)


def _operations(item: PathItem) -> Iterator[Operation]:
    for method in _METHODS:
        if operation := getattr(item, method):
            yield operation


def _common_codes(path: str, operation: Operation) -> list[str]:
    codes = []
    if path.startswith("/api/") or operation.request_body or operation.parameters:
        codes.append("invalid_request")  # at least for a query parameter or a body that the operation does not have
    if any(operation.security or []):
        codes += ["unauthorized", "forbidden"]
    if "{" in path:
        codes.append("not_found")
    if operation.request_body:
        codes.append("too_large")
    if path.startswith("/api/"):
        codes.append("unavailable")
    return codes


def _add_errors(operation: Operation, codes: list[str]) -> None:
    responses = operation.responses = operation.responses or {}
    if not _is_ours(responses.get("400")):
        responses.pop("400", None)  # Litestar's own, which it gives to every operation with a parameter
    examples: defaultdict[HTTPStatus, list[Example]] = defaultdict(list)
    for status, coded in _by_status(codes).items():
        examples[status] += [_example(code) for code in coded]
    for text, response in responses.items():
        for content in (response.content or {}).values() if isinstance(response, OpenAPIResponse) else ():
            if content.schema == _ERROR:
                examples[HTTPStatus(int(text))] += [
                    e for e in (content.examples or {}).values() if isinstance(e, Example)
                ]
    for status, of_status in examples.items():
        responses[str(int(status))] = _error_response(status, of_status)


def _is_ours(response: OpenAPIResponse | Reference | None) -> bool:
    contents = (response.content or {}).values() if isinstance(response, OpenAPIResponse) else ()
    return any(content.schema == _ERROR for content in contents)


def _error_response(status: HTTPStatus, examples: list[Example]) -> OpenAPIResponse:
    by_code: dict[str, Example | Reference] = {e.value["code"]: e for e in examples if isinstance(e.value, dict)}
    header = _HEADERS.get(status)
    return OpenAPIResponse(
        description=f"{status.phrase}: {', '.join(by_code)}",
        headers={header: OpenAPIHeader(schema=Schema(type=OpenAPIType.STRING))} if header else None,
        content={_JSON: OpenAPIMediaType(schema=_ERROR, examples=by_code)},
    )


def _add_examples(operation: Operation) -> None:
    body = operation.request_body
    contents = [] if body is None or isinstance(body, Reference) else [body.content]
    contents += [r.content or {} for r in (operation.responses or {}).values() if isinstance(r, OpenAPIResponse)]
    for content in contents:
        media = content.get(_JSON)
        name = media.schema.ref.rsplit("/", 1)[1] if media and isinstance(media.schema, Reference) else None
        if media and name in EXAMPLES:
            media.examples = {"example": _AsItIs(value=EXAMPLES[name])}


def _add_request_examples(operation: Operation) -> None:
    """Examples of what is not JSON: the path, the query, the headers, and files of text."""
    for parameter in operation.parameters or ():
        if isinstance(parameter, Parameter) and not parameter.examples and _is_in_the_example(parameter):
            parameter.examples = {"example": Example(value=PARAMETER_EXAMPLES[parameter.name])}
    if operation.request_body is not None and not isinstance(operation.request_body, Reference):
        for media_type, text in TEXT_EXAMPLES.items():
            if file := operation.request_body.content.get(media_type):
                file.examples = {"example": Example(value=text)}


def _is_in_the_example(parameter: Parameter) -> bool:
    is_shown = parameter.required or parameter.param_in == "header" or parameter.name in OPTIONAL_IN_EXAMPLES
    return bool(is_shown) and parameter.name in PARAMETER_EXAMPLES


def _by_status(codes: tuple[str, ...] | list[str]) -> dict[HTTPStatus, list[str]]:
    by_status: defaultdict[HTTPStatus, list[str]] = defaultdict(list)
    for code in codes:
        by_status[STATUSES[code]].append(code)
    return by_status


def _example(code: str) -> Example:
    value = {"status": "error", "code": code, "message": ERROR_MESSAGES[code], "request_id": REQUEST_ID}
    return Example(value=value | ERROR_DETAILS.get(code, {}))
