"""A device finds out what it is."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency

from application.devices.devices import ViewDevice
from domain.access import Scope
from domain.devices import Device
from entrypoints.http.access import guarded_router
from entrypoints.http.openapi import answers
from entrypoints.http.producer.device_schemas import DeviceOut


@get("/", summary="Get the device that asks", operation_id="get_device", responses=answers("not_found"))
async def get_one(asking_device: NamedDependency[Device], view_device: NamedDependency[ViewDevice]) -> DeviceOut:
    """The device, its producer and its shows. A token of a program is no device: 404."""
    return DeviceOut.of(await view_device(asking_device))


router = guarded_router("/device", get_one, scopes=[Scope.CHECKIN, Scope.PRINT], tags=["Devices"])
