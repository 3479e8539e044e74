"""The processes of the demo: simulator, web server and worker, ended together."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

from integrations.guard import die_with_parent

READY_SECONDS = 30


class Stage:
    """Starts children and makes sure that none outlives us."""

    def __init__(self, root: Path, logs: Path) -> None:
        self._root, self._logs = root, logs
        self._children: list[subprocess.Popen[bytes]] = []
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *command: str) -> None:
        """Run a child in a session of its own, its output in a log file."""
        with (self._logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=self._root,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._children.append(child)

    def manage(self, name: str, *arguments: str) -> None:
        self.start(name, sys.executable, str(self._root / "manage.py"), *arguments)

    def wait_for(self, url: str) -> None:
        """Until the address answers at all. Raises TimeoutError with the folder of the logs."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            try:
                requests.get(url, timeout=2, allow_redirects=False)
                return
            except requests.RequestException:
                time.sleep(0.1)
        raise TimeoutError(f"{url} does not answer. The logs in {self._logs} say why.")

    def failed(self) -> bool:
        return any(child.poll() is not None for child in self._children)

    def end(self) -> None:
        for child in reversed(self._children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in reversed(self._children):
            try:
                child.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)


def free_port(wanted: int) -> int:
    """The wanted port when nobody listens there, else another one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("No free port on this machine.")
