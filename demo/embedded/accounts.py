"""The system account that runs an embedded engine started by root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from demo.embedded.errors import EngineError

_ROOT = 0
# PostgreSQL's own account where the system has one; it keeps the data from other programs that run as ``nobody``.
_UNPRIVILEGED_ACCOUNTS = ("postgres", "_postgres", "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """User and group of an engine's process; -1 stands for those of the caller."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Make the account the owner of ``path``."""
        os.chown(path, self.uid, self.gid)


CALLER = Account(uid=-1, gid=-1)


def account_for(directory: Path) -> Account:
    """The account for an engine with its data in ``directory``, which may not exist yet.

    Ordinary users run engines as themselves. For root it is the directory's owner, whatever accounts the
    system gets later. A new directory goes to an unprivileged account.

    Raises EngineError if root calls and the system has no unprivileged account.
    """
    if os.geteuid() != _ROOT:
        return CALLER
    if directory.exists():
        status = directory.stat()
        if status.st_uid != _ROOT:
            return Account(uid=status.st_uid, gid=status.st_gid)
    for name in _UNPRIVILEGED_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise EngineError("engines do not run as root and the system has no account 'nobody': use an ordinary user")
