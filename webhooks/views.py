"""Doors for what providers send us."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from webhooks import receive as receiving
from webhooks.receive import Receipt


@csrf_exempt
@require_POST
def receive(request: HttpRequest, slug: str) -> JsonResponse:
    """Raw bytes in, an answer at once; the work is done later."""
    early = receiving.refusal_before_reading(slug, _announced_bytes(request))
    return _answer(early or receiving.receive(slug, request.body, request.headers))


def _announced_bytes(request: HttpRequest) -> int:
    announced = request.META.get("CONTENT_LENGTH") or ""
    return int(announced) if announced.isdecimal() else 0


def _answer(receipt: Receipt) -> JsonResponse:
    if not receipt.problem:
        return JsonResponse({"received": True}, status=receipt.status_code)
    problem = {
        "type": "about:blank",
        "title": receipt.problem,
        "status": receipt.status_code,
        "error": receipt.problem,
    }
    return JsonResponse(problem, status=receipt.status_code, content_type="application/problem+json")
