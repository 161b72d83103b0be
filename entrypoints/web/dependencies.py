"""The dependencies of the storefront's pages, in addition to the API's use cases."""

from __future__ import annotations

from typing import Any

from litestar.di import Provide

from entrypoints.container import Container
from entrypoints.injection import Given
from entrypoints.web.checkout_pages import CheckoutFormPage
from entrypoints.web.page_cache import PageCache
from entrypoints.web.rendering import Pages
from entrypoints.web.security import PagePolicy


def create_pages(container: Container) -> Pages:
    settings = container.settings()
    return Pages(PagePolicy.of(settings), container.clock(), public_url=settings.public_url)


def web_dependencies(container: Container, pages: Pages, page_cache: PageCache) -> dict[str, Provide]:
    """The dependencies by name, one of each for the whole application."""
    desk = CheckoutFormPage(
        get_show=container.get_show(),
        quote_cart=container.quote_cart(),
        submit_checkout_form=container.submit_checkout_form(),
        policy=container.policy(),
        links=container.links(),
        claimants=container.claimants(),
        proof_of_work=container.proof_of_work(),
        pages=pages,
    )
    made = {"pages": pages, "page_cache": page_cache, "form_desk": desk}
    return {name: _provide(thing) for name, thing in made.items()}


def _provide(thing: Any) -> Provide:
    def provided() -> Any:
        return thing

    return Given(provided)
