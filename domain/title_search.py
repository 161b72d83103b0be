"""Search for shows by words of their texts, however these are written: no accents, no capitals, any order."""

from __future__ import annotations

from functools import lru_cache

from domain.order_search import folded


def finds(typed: str, *texts: str) -> bool:
    """Whether every typed word is in one of the texts."""
    text = _folded(" ".join(texts))
    return all(word in text for word in folded(typed).split())


# The shows of a run have the same texts.
@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return folded(text)
