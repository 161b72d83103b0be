"""What must be decided before anything large is imported: pytest loads this file first."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

#: The plugins by name, beside xdist in pyproject.toml. With those that it finds, pytest rewrites the assertions of all
#: 1,200 modules that come along.
pytest_plugins = [
    "pytest_asyncio.plugin",
    "pytest_randomly",
    "pytest_timeout",
    "_hypothesis_pytestplugin",
]
if "SLIPCOVER_ENABLED" in os.environ:
    pytest_plugins.insert(0, "slipcover.pytest_plugin")  # it measures only what is imported after it

if sys.dont_write_bytecode:
    # Nothing compiled is wanted beside the sources. It is kept where pytest keeps what it remembers, since each of the
    # run's many processes would compile everything again.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parent / ".pytest_cache" / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# By default Python looks for cycles after every 700 new objects. Reference counts free nearly all that tests make. The
# oldest objects are looked through between two files of tests (tests/conftest.py): in the middle of a test that took
# seconds, and PostgreSQL ended the transaction that was open.
gc.set_threshold(50_000, 10, 1_000_000)
