"""The garbage collector while code is loaded."""

from __future__ import annotations

import gc

import pytest

from entrypoints.server.gc_tuning import loading


@pytest.mark.parametrize("enabled", [True, False])
def test_it_rests_while_code_is_loaded_and_is_as_before_afterwards(enabled: bool) -> None:
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with loading():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()
