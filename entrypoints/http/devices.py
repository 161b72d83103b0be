"""A device pairs itself with the code that the office shows."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from application.devices.devices import ViewDevice
from application.devices.pairing import PairDevice
from entrypoints.http.openapi import answers
from entrypoints.http.producer.device_schemas import DeviceOut, PairedOut, PairIn
from entrypoints.http.rate_limit import limit_pairings
from entrypoints.http.strict_json import StrictJson
from entrypoints.injection import SharedRouter


@post(
    "/devices/pair",
    dto=StrictJson[PairIn],
    return_dto=None,
    before_request=limit_pairings,
    summary="Pair a device",
    operation_id="pair_device",
    responses=answers(
        "not_found",
        "pairing_code_used",
        "pairing_code_expired",
        "other_device_kind",
        "device_name_taken",
        "conflict",
        "rate_limited",
    ),
)
async def pair(
    data: JSONBody[PairIn], pair_device: NamedDependency[PairDevice], view_device: NamedDependency[ViewDevice]
) -> PairedOut:
    """Uses up a code of the office, once within ten minutes of its making. The secret is shown this once, and stored
    hashed. A device that did not get the answer needs another code: "Pair again" in the office makes one, and revokes
    what the first one made.
    """
    paired = await pair_device(data.code, data.kinds())
    return PairedOut(token=paired.secret, device=DeviceOut.of(await view_device(paired.device)))


router = SharedRouter("/", route_handlers=[pair], tags=["Devices"])
