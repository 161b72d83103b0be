"""The findings of an examination: one line each, with a fix if something is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from typing_extensions import override

#: For one examination. A service that does not answer within this time does not work.
TIMEOUT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Finding:
    """``words`` describe the state; ``fix`` is there exactly if something is wrong."""

    what: str
    words: str
    fix: str | None = None

    @property
    def is_fine(self) -> bool:
        return self.fix is None

    @override
    def __str__(self) -> str:
        words = " ".join(self.words.split())
        return f"ok    {self.what}: {words}" if self.is_fine else f"OFF   {self.what}: {words} -> {self.fix}"


@dataclass(frozen=True, slots=True)
class Examination:
    """``look`` may raise any error of the examined thing: that is a finding, too, with ``fix``."""

    what: str
    look: Callable[[], Awaitable[Finding]]
    fix: str

    async def __call__(self) -> Finding:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self.look()
        except TimeoutError:
            return Finding(self.what, f"no answer within {TIMEOUT_SECONDS} seconds", self.fix)
        except Exception as error:  # noqa: BLE001  # the examination looks for every kind of error
            return Finding(self.what, str(getattr(error, "orig", None) or error) or type(error).__name__, self.fix)
