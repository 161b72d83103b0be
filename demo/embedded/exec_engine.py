"""Becomes an engine's program: gives up root if asked to, ties its life to the parent's, and execs.

    python -I -S exec_engine.py UID GID DEATH_SIGNAL PROGRAM [ARGUMENT …]        (UID -1: stay who you are)

PostgreSQL refuses to run as root. The unprivileged account it runs as then often may not enter the directories
above the data or the wheel (``/root``, pytest's temporary directories). Opening those to all accounts
would be an intrusion, so the engine keeps the one privilege of passing through directories and nothing else of root's.
Only the standard library is used: the script is started without site-packages, for speed.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
# The weaker one first: containers often have only the second.
_CAP_DAC_READ_SEARCH = 2
_CAP_DAC_OVERRIDE = 1


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _give_up_root(uid: int, gid: int) -> None:
    is_linux = sys.platform == "linux"
    libc = ctypes.CDLL(None)
    if is_linux:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        # Otherwise access(2), by which initdb looks for postgres, would ignore the privilege.
        libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if is_linux:
        _keep_directory_search(libc)


def _keep_directory_search(libc: ctypes.CDLL) -> None:
    """Drop every capability except one that passes through directories, and keep that one over the exec."""
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        bit = 1 << capability
        sets = (_CapabilitySets * 2)(_CapabilitySets(bit, bit, bit), _CapabilitySets(0, 0, 0))
        if libc.capset(ctypes.byref(header), ctypes.byref(sets)) == 0:
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)
            return


def _die_with_parent(death_signal: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)


def main(uid: str, gid: str, death_signal: str, *command: str) -> None:
    """Never returns: the process becomes ``command``."""
    if int(uid) >= 0:
        _give_up_root(int(uid), int(gid))
    # After the change of account, which would clear it.
    _die_with_parent(int(death_signal))
    os.execv(command[0], command)  # noqa: S606 - becoming the program is the purpose


if __name__ == "__main__":
    main(*sys.argv[1:])
