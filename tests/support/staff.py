"""Members of a producer's team at the office's pages.

owner = await staff(service, office.producer, Role.OWNER)
page = await owner.get("/office/shows")
answer = await owner.post("/office/shows/new", title="Hamlet")
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aiohttp

from application.people.sessions import NewSession
from domain.catalog import Producer
from domain.people import Membership, Person, Role, SignedInBy
from entrypoints.container import Container
from tests.support.box_office import Answer
from tests.support.server import Service

_TOKEN: Final = re.compile(r'name="_csrf_token" value="([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Answer):
    """An answer of the office."""

    @property
    def html(self) -> str:
        return self.content.decode()

    @property
    def text(self) -> str:
        """What people read, without tags and with single spaces."""
        bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", self.html, flags=re.DOTALL)
        return " ".join(html.unescape(bare).split())


@dataclass(slots=True, kw_only=True)
class Visitor:
    """A browser at the office. ``cookies`` are what it has; it sends a form with the CSRF token that it got."""

    client: aiohttp.ClientSession
    cookies: dict[str, str] = field(default_factory=dict)
    agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    csrf_token: str = ""

    async def get(self, path: str, **parameters: Any) -> Page:
        """The page, without following where it leads."""
        return await self.request("GET", path, **parameters)

    async def follow(self, path: str) -> Page:
        """The page, and the one that it leads to, and so on."""
        answer = await self.get(path)
        while answer.status == 303:
            parts = urlsplit(answer.location)
            answer = await self.get(f"{parts.path}?{parts.query}" if parts.query else parts.path)
        return answer

    async def post(self, path: str, fields: Mapping[str, str | Sequence[str]] | None = None, **more: str) -> Page:
        """Send a form, with the browser's CSRF token."""
        if not self.csrf_token:
            await self.get("/office/sign-in")
        pairs = [("_csrf_token", self.csrf_token)]
        for name, value in {**(fields or {}), **more}.items():
            pairs += [(name, each) for each in ([value] if isinstance(value, str) else value)]
        return await self.request("POST", path, data=aiohttp.FormData(pairs))

    async def post_file(self, path: str, name: str, content: bytes, filename: str = "file", **fields: str) -> Page:
        """Send a form with a file."""
        if not self.csrf_token:
            await self.get("/office/sign-in")
        data = aiohttp.FormData({"_csrf_token": self.csrf_token, **fields})
        data.add_field(name, BytesIO(content), filename=filename)
        return await self.request("POST", path, data=data)

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **parameters: Any
    ) -> Page:
        """Any request, with the browser's cookies."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        every = {"Accept": "text/html", "User-Agent": self.agent, **({"Cookie": cookie} if cookie else {})}
        sent = self.client.request(
            method, path, headers={**every, **(headers or {})}, allow_redirects=False, **parameters
        )
        async with sent as answer:
            for name, morsel in answer.cookies.items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
            page = Page(status=answer.status, headers=answer.headers, content=await answer.read())
        if page.headers.get("Content-Type", "").startswith("text/html") and (found := _TOKEN.search(page.html)):
            self.csrf_token = found[1]
        return page


@dataclass(slots=True, kw_only=True)
class Staff(Visitor):
    """A person of a team who is signed in."""

    producer: Producer
    person: Person
    session_id: UUID


async def employ(container: Container, producer: Producer, role: Role, *, name: str = "", email: str = "") -> Person:
    """Add a person to the producer's team. The producer is stored if it is not."""
    person = Person(uuid4(), email or f"{uuid4().hex}@staff.example", name)
    async with container.database()() as uow:
        if await uow.producers.get(producer.id) is None:
            await uow.producers.add(producer)
        known = await uow.people.with_address(person.email)
        if known is None:
            await uow.people.add(person)
        await uow.people.put(Membership((known or person).id, producer.id, role))
        await uow.commit()
    return known or person


async def session_of(container: Container, person: Person, producer: Producer) -> NewSession:
    """A session of the person, as signing in makes it."""
    async with container.database()() as uow:
        new = await container.sessions().begin(
            uow, person.id, SignedInBy.LINK, device="Firefox", producer_id=producer.id
        )
        await uow.commit()
    return new


async def staff(service: Service, producer: Producer, role: Role, *, name: str = "Kim Park", email: str = "") -> Staff:
    """A new member of the producer's team, signed in."""
    person = await employ(service.container, producer, role, name=name, email=email)
    new = await session_of(service.container, person, producer)
    return Staff(
        client=service.client,
        cookies={"office": new.secret},
        producer=producer,
        person=person,
        session_id=new.session.id,
    )
