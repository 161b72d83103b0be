"""The parent process of one engine: starts it, and stops it when its last user is gone.

    python -I -S supervisor.py USERS_LOCK ENGINE_LOCK STOP_SIGNAL STOP_TIMEOUT_SECONDS PROGRAM [ARGUMENT …]

Every user of the engine has a shared lock on USERS_LOCK. The supervisor waits for the exclusive one, which the
kernel grants when the last user has left or died. Nothing is polled and no process id can be mistaken.
ENGINE_LOCK is inherited by the engine and by every process the engine starts: as long as one of them
lives it is held, and once it is free nothing of the engine is left. It contains the engine's process id.
Only the standard library is used: the script is started without site-packages, for speed.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path


def _stop_when_unused(
    engine: subprocess.Popen[bytes], users_lock: int, stop_signal: int, timeout_seconds: float
) -> None:
    fcntl.flock(users_lock, fcntl.LOCK_EX)
    engine.send_signal(stop_signal)
    try:
        engine.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        engine.kill()


def main(users_path: str, engine_path: str, stop_signal: str, timeout_seconds: str, *command: str) -> None:
    """Run ``command`` until it ends or its last user is gone. Returns at once in the calling process."""
    engine_lock = os.open(engine_path, os.O_RDWR | os.O_CLOEXEC)
    # Free except for users who look at it just now: the caller has made sure that no engine runs.
    fcntl.flock(engine_lock, fcntl.LOCK_EX)
    # Until the new process id is known, no user may read that of an earlier engine.
    os.ftruncate(engine_lock, 0)
    # The child keeps the lock. The caller is not its parent, and need not wait for it.
    if os.fork() > 0:
        os._exit(0)
    users_lock = os.open(users_path, os.O_RDWR | os.O_CLOEXEC)
    engine = subprocess.Popen(command, pass_fds=(engine_lock,))  # noqa: S603 - built by EmbeddedEngine
    Path(engine_path).write_text(f"{engine.pid}\n")
    threading.Thread(
        target=_stop_when_unused,
        args=(engine, users_lock, signal.Signals(int(stop_signal)), float(timeout_seconds)),
        daemon=True,
    ).start()
    engine.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
