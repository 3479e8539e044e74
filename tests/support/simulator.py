"""A provider simulator in a process of its own, for tests that want real HTTP and real kills."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from connectors.providers.quickbooks.simulator import CLIENT_ID, CLIENT_SECRET
from connectors.providers.quickbooks.simulator_company import CA_REALM, US_REALM
from connectors.providers.quickbooks.simulator_oauth import SCOPE

__all__ = ["CA_REALM", "CLIENT_ID", "CLIENT_SECRET", "US_REALM", "RunningSimulator", "running_simulator"]

ROOT = Path(__file__).resolve().parents[2]
CALLBACK = "http://localhost:8000/oauth/quickbooks/callback"


class RunningSimulator:
    """The process and its control endpoints; `restart` keeps the port and the file."""

    def __init__(self, db_path: Path, *arguments: str) -> None:
        self.db_path = db_path
        self.arguments = arguments
        self.port = 0
        self.session = requests.Session()
        self.session.trust_env = False
        self.process = self._start()

    @property
    def url(self) -> str:
        """The simulator's own address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        """What stands in for Intuit's hosts."""
        return f"{self.url}/quickbooks"

    def _start(self) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "connectors.simulator",
            "--port",
            str(self.port),
            "--db",
            str(self.db_path),
        ]
        process = subprocess.Popen(
            [*command, *self.arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if "listening on" not in line:
            raise RuntimeError(f"The simulator did not start (exit code {process.wait(5)}).")
        self.port = urlsplit(line.split()[-1]).port or 0
        return process

    def kill(self) -> None:
        """kill -9, at once."""
        self.process.send_signal(signal.SIGKILL)
        self._reap()

    def stop(self) -> None:
        """Ask politely."""
        self.process.terminate()
        self._reap()

    def _reap(self) -> None:
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.session.close()

    def restart(self) -> None:
        """Start again with the same port and file."""
        self.process = self._start()

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """A control request; its parsed answer."""
        answer = self.session.request(method, f"{self.url}{path}", timeout=120, **arguments)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def faults(self, kind: str, **rule: Any) -> None:
        """Make something go wrong; see `connectors.simulator.faults`."""
        self.call("POST", "/_control/faults", json={"provider": "quickbooks", "kind": kind, **rule})

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self.call("DELETE", "/_control/faults")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings; all of them as they are now."""
        settings: dict[str, Any] = self.call("POST", "/_control/settings", json=changes)
        return settings

    def reset(self) -> None:
        """As if newly started with an empty file."""
        self.call("POST", "/_control/reset")

    def state(self) -> dict[str, Any]:
        """Counters of QuickBooks: calls, faults, hooks, entities."""
        state: dict[str, Any] = self.call("GET", "/_control/state")["providers"]["quickbooks"]
        return state

    def entities(self, entity: str, realm: str = US_REALM) -> list[dict[str, Any]]:
        """Every record that is not deleted, oldest first."""
        rows: list[dict[str, Any]] = self.call("GET", f"/quickbooks/_control/entities/{entity}?realm={realm}")[
            "entities"
        ]
        return rows

    def write(
        self, entity: str, body: dict[str, Any], *, operation: str | None = None, realm: str = US_REALM
    ) -> dict[str, Any]:
        """Change the provider's side as one of its own users would; SyncToken may be left out."""
        wish = {"realm": realm, "entity": entity, "body": body, "operation": operation}
        written: dict[str, Any] = self.call("POST", "/quickbooks/_control/write", json=wish)[entity]
        return written

    def seed(self, entity: str, count: int, *, realm: str = US_REALM, **options: Any) -> dict[str, Any]:
        """Create many invented records."""
        wish = {"realm": realm, "entity": entity, "count": count, **options}
        seeded: dict[str, Any] = self.call("POST", "/quickbooks/_control/seed", json=wish)
        return seeded

    def authorize(self, realm: str = US_REALM, *, redirect_uri: str = CALLBACK, state: str = "state-1") -> str:
        """What a person does on the consent page; the code that comes back."""
        query = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        answer = self.session.post(
            f"{self.base}/connect/oauth2",
            params=query,
            data={"realm": realm, "decision": "connect"},
            allow_redirects=False,
            timeout=30,
        )
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def token(self, **form: str) -> requests.Response:
        """One call of the token endpoint with the app's keys."""
        return self.session.post(
            f"{self.base}/oauth2/v1/tokens/bearer", data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=30
        )

    def connect(self, realm: str = US_REALM) -> dict[str, Any]:
        """Consent and exchange; the token answer."""
        answer = self.token(grant_type="authorization_code", code=self.authorize(realm), redirect_uri=CALLBACK)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


@contextlib.contextmanager
def running_simulator(folder: Path, *, limits: str = "off", hooks_url: str | None = None) -> Iterator[RunningSimulator]:
    """A simulator on a free port with an empty file in `folder`, ended afterwards."""
    hooks = ["--hooks-url", hooks_url] if hooks_url else []
    simulator = RunningSimulator(folder / "simulator.sqlite3", "--limits", limits, *hooks)
    try:
        yield simulator
    finally:
        if simulator.process.poll() is None:
            simulator.kill()
