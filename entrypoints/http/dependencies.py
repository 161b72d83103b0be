"""Litestar dependencies from the container's providers."""

from __future__ import annotations

from typing import Any

from dependency_injector import providers
from litestar.di import Provide

from entrypoints.container import Container
from entrypoints.http.checkout import CheckoutDependencies
from entrypoints.http.producer.checkin import DoorStates
from entrypoints.http.shows import ShowAnswers
from entrypoints.injection import Given


def _provide(provider: Any) -> Provide:
    # Litestar reads a callable's signature; a provider has none.
    def provided() -> Any:
        return provider()

    return Given(provided)


def checkout_desk(container: Container) -> providers.Provider[CheckoutDependencies]:
    """What the handlers of quotes and checkouts need."""
    return providers.Singleton(
        CheckoutDependencies,
        container.checkout,
        container.quote_cart,
        container.policy,
        container.links,
        container.claimants,
        container.proof_of_work,
    )


def show_answers(container: Container) -> providers.Provider[ShowAnswers]:
    """What answers requests for a show's JSON."""
    return providers.Singleton(ShowAnswers, container.get_show, container.policy, container.clock)


def door_states(container: Container) -> providers.Provider[DoorStates]:
    """What answers requests for the state of a door."""
    return providers.Singleton(DoorStates, container.read_door_state)


def dependencies(container: Container) -> dict[str, Provide]:
    """All providers of the container, by their names there: a handler's parameter of such a name is that dependency.

    So no path, query or header parameter may have the name of a provider; it would never be read from the request.
    """
    provided = {
        **container.providers,
        "checkout_desk": checkout_desk(container),
        "door_states": door_states(container),
    }
    return {name: _provide(provider) for name, provider in provided.items()}
