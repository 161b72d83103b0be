"""The dependencies of the office's pages, in addition to the API's use cases."""

from __future__ import annotations

from typing import Any

from litestar.di import Provide

from entrypoints.container import Container
from entrypoints.injection import Given
from entrypoints.office.access import OfficeCookies, OfficeDoor
from entrypoints.office.counter_room import CounterRoom
from entrypoints.office.me import OwnPage
from entrypoints.office.rendering import OfficePages
from entrypoints.office.run_desk import RunDesks
from entrypoints.office.show_desk import ShowDesks
from entrypoints.office.today_board import TodayBoard
from entrypoints.web.security import PagePolicy


def create_office_pages(container: Container) -> OfficePages:
    settings = container.settings()
    return OfficePages(PagePolicy.of(settings), container.clock(), public_url=settings.public_url)


def create_door(container: Container) -> OfficeDoor:
    """What the guards of all pages ask."""
    return OfficeDoor(container.who_is_inside(), container.identify_till(), OfficeCookies.of(container.settings()))


def office_dependencies(container: Container, pages: OfficePages) -> dict[str, Provide]:
    """The dependencies by name, one of each for the whole application."""
    show_desks = ShowDesks(pages, container.get_own_show(), container.list_capacities(), container.list_allocations())
    own_page = OwnPage(pages, container.list_sessions(), container.list_passkeys(), container.list_workplaces())
    made = {
        "office_pages": pages,
        "office_cookies": OfficeCookies.of(container.settings()),
        "show_desks": show_desks,
        "run_desks": RunDesks(pages, container.get_own_production(), container.look_over_shows()),
        "today_board": TodayBoard(
            container.read_tonight(), container.read_overview(), container.read_imbalances(), pages
        ),
        "own_page": own_page,
        "counter_room": CounterRoom(
            pages,
            OfficeCookies.of(container.settings()),
            container.read_counter(),
            container.read_shifts(),
            container.list_printers(),
            container.queue_print(),
        ),
    }
    return {name: _provide(thing) for name, thing in made.items()}


def _provide(thing: Any) -> Provide:
    def provided() -> Any:
        return thing

    return Given(provided)
