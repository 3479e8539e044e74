"""The simulator's HTTP server: HTTP/1.1 with keep-alive, one thread a connection, each answer in one send."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.simulator.messages import Request, Response
from connectors.simulator.simulation import Simulation

LARGEST_BODY_BYTES = 8 * 1024 * 1024


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], simulation: Simulation) -> None:
        super().__init__(address, _Handler)
        self.simulation = simulation

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "simulator"
    disable_nagle_algorithm = True
    timeout = 120
    server: _Server

    def handle_one(self) -> None:
        """Read one request, answer it."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY_BYTES or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(Response(413, "", "text/plain"))
            return
        body = self.rfile.read(int(length))
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(
            self.server.simulation.respond(
                Request(self.command, unquote(url.path), query, headers, body, unquote(url.query))
            )
        )

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = handle_one

    def _send(self, response: Response) -> None:
        if response.dropped:
            self.close_connection = True
            return
        body = response.body.encode()
        fields = {"Content-Type": response.content_type, "Content-Length": str(len(body)), **response.headers}
        if self.close_connection:
            fields["Connection"] = "close"
        phrase = self.responses.get(response.status, ("", ""))[0]
        lines = [
            f"HTTP/1.1 {response.status} {phrase}",
            f"Date: {self.date_time_string()}",
            "X-Simulator: lotbridge",
        ]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        self.wfile.write("\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: query strings carry codes, and a log of requests is what the control state is for."""


def serve(
    host: str,
    port: int,
    db_path: str,
    ready: Callable[[int], None] | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 takes a free one; `ready` is told which."""
    simulation = Simulation(db_path, dict(settings or {}))
    with _Server((host, port), simulation) as server:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _stop)
            signal.signal(signal.SIGINT, _stop)
        if ready is not None:
            ready(server.server_address[1])
        server.serve_forever()


def _stop(signum: int, frame: object) -> None:
    sys.exit(0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line, shared by `python -m connectors.simulator` and the project's own command."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8899, help="0 takes a free port")
    parser.add_argument("--db", default="var/simulator.sqlite3", help="the file that holds the simulator's state")
    parser.add_argument("--limits", choices=("on", "off"), help="the providers' rate limits; on unless changed")
    parser.add_argument("--latency-ms", type=int, help="how long every API answer is delayed")
    parser.add_argument("--hooks-url", help="where webhooks go; {provider} is replaced by the provider's slug")


def run(options: Mapping[str, Any]) -> None:
    """Serve as the command line says."""
    logging.basicConfig(level=logging.WARNING)
    settings: dict[str, Any] = {}
    if options.get("limits") is not None:
        settings["limits"] = options["limits"] == "on"
    if options.get("latency_ms") is not None:
        settings["latency_ms"] = options["latency_ms"]
    if options.get("hooks_url") is not None:
        settings["hooks_url"] = options["hooks_url"]
    host = options["host"]
    Path(options["db"]).parent.mkdir(parents=True, exist_ok=True)

    def announce(port: int) -> None:
        print(f"simulator listening on http://{host}:{port}", flush=True)  # noqa: T201

    serve(host, options["port"], options["db"], announce, settings=settings)
