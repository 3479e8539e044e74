"""What the integrations add to the dealership's pages: places in the menu, badges, what needs a person."""

from django.utils.translation import gettext_lazy as _

from dealership import attention, badges, nav
from dealership.models import Dealership
from integrations import dead_letters, record_badges, waiting
from integrations.models import DeadLetter, Integration


def register() -> None:
    """Called once, from `IntegrationsConfig.ready`."""
    nav.register(
        nav.Item(
            nav.CONNECTIONS,
            _("Integrations"),
            "integration",
            "integrations:list",
            order=10,
            count=needing_reconnect,
            dock=True,
        ),
        nav.Item(nav.CONNECTIONS, _("Runs"), "run", "integrations:run_list", order=20, dock=True),
        nav.Item(nav.CONNECTIONS, _("Set aside"), "set-aside", "integrations:dead_letters", order=40, count=set_aside),
        nav.Item(nav.PROOF, _("Reconciliation"), "reconciliation", "integrations:reconciliations", order=10),
    )
    badges.register(record_badges.of_records)
    for source in waiting.SOURCES:
        attention.register(source)


def needing_reconnect(dealership: Dealership) -> int:
    rows = Integration.objects.for_dealership(dealership)
    return int(rows.filter(status=Integration.Status.NEEDS_RECONNECT).count())


def set_aside(dealership: Dealership) -> int:
    return int(DeadLetter.objects.for_dealership(dealership).filter(status__in=dead_letters.OPEN).count())
