"""Mail about integrations: plain text, in the dealership's language.

A mail that cannot be sent is logged, never raised: what it tells is on the pages too.
"""

from smtplib import SMTPException
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from dealership.models import Membership
from integrations.models import Integration

logger = structlog.get_logger(__name__)


def send_needs_reconnect(integration: Integration) -> None:
    """Ask the dealership's owners and admins to reconnect, one mail to each."""
    recipients = list(
        Membership.objects.filter(
            dealership=integration.dealership_id,
            role__in=(Membership.Role.OWNER, Membership.Role.ADMIN),
            user__is_active=True,
        )
        .order_by("created_at", "pk")
        .values_list("user__email", flat=True)
    )
    with translation.override(integration.dealership.language):
        reason = integration.status_reason
        context = {
            "dealership": integration.dealership.name,
            "provider": integration.label,
            "account": integration.remote_account_name,
            "reason": gettext(reason) if reason else "",
            "link": settings.BASE_URL + integration.get_absolute_url(),
        }
        _send("needs_reconnect", context, recipients, integration)


def _send(name: str, context: dict[str, Any], recipients: list[str], integration: Integration) -> None:
    subject = " ".join(render_to_string(f"integrations/email/{name}_subject.txt", context).split())
    body = render_to_string(f"integrations/email/{name}.txt", context)
    try:
        with get_connection() as connection:
            for recipient in recipients:
                EmailMessage(subject, body, to=[recipient], connection=connection).send()
    except (SMTPException, OSError) as problem:
        logger.error("mail not sent", mail=name, integration=str(integration.pk), problem=type(problem).__name__)
