"""`python -m tests.faults.refresher <integration> <rounds>`: has its tokens refused again and again.

Prints `ready`, waits for a line, and ends with the words for what each round brought.
"""

from __future__ import annotations

import sys
import time

import django


def main(integration_id: str, rounds: int) -> None:
    django.setup()

    from connectors.errors import CredentialError, TransientError
    from integrations.connecting import connector_for
    from integrations.credentials import IntegrationTokens
    from integrations.models import Integration

    integration = Integration.objects.get(pk=integration_id)
    tokens = IntegrationTokens(integration)
    _say("ready")
    sys.stdin.readline()
    token = tokens.access_token()
    brought = []
    for _ in range(rounds):
        try:
            token = tokens.renewed(token)
            connector_for(integration).check()
            brought.append("renewed")
        except TransientError:
            time.sleep(0.1)
            brought.append("busy")
        except CredentialError:
            brought.append("lost")
    _say(" ".join(brought))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
