"""Whether everything that is published can be bought at some time."""

from __future__ import annotations

from entrypoints.container import Container
from entrypoints.doctor.findings import Examination, Finding

#: The number of ticket types that are named.
_NAMED = 5


def of_sale_times(container: Container) -> list[Examination]:
    async def sale_times() -> Finding:
        never = await container.check_sale_times()()
        if not never:
            return Finding("sale times", "every show to come is on sale at some time, with all of its ticket types")
        named = "; ".join(each.words for each in never[:_NAMED])
        fix = "give it another on_sale_at or off_sale_at, or the show another sells_until"
        return Finding("sale times", f"{len(never)} can never be bought: {named}", fix)

    return [Examination("sale times", sale_times, "start the database, or correct DATABASE_URL")]
