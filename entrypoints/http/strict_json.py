"""Request bodies, decoded in one step and without guessing: "2" is not a number, 1 is not a boolean."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import MsgspecDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition
from typing_extensions import override

Model = TypeVar("Model", bound=msgspec.Struct)


class StrictJson(MsgspecDTO[Model], Generic[Model]):
    """``dto=StrictJson[Model], return_dto=None`` on a handler whose ``data`` is a Model.

    Litestar alone first decodes to builtins and then converts them leniently. Raises msgspec.DecodeError.
    """

    @override
    def decode_bytes(self, value: bytes) -> Any:
        return msgspec.json.decode(value, type=self.model_type)

    @classmethod
    @override
    def create_for_field_definition(cls, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the Model is decoded as it is."""

    @classmethod
    @override
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        return schema_creator.for_field_definition(field_definition)
