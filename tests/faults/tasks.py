"""Background functions for fault tests; each leaves a mark in a file that the test reads."""

import os
import time
from pathlib import Path


def mark(path: str, word: str) -> None:
    with Path(path).open("a") as file:
        file.write(f"{word}\n")


def mark_around(path: str, seconds: float) -> None:
    """`started`, a wait, `finished`."""
    mark(path, "started")
    time.sleep(seconds)
    mark(path, "finished")


def mark_pid_and_wait_once(path: str) -> None:
    """The first start notes its process and waits to be killed; a later one finishes."""
    first = not Path(path).exists()
    mark(path, f"pid {os.getpid()}" if first else "again")
    if first:
        time.sleep(600)
