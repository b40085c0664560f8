from django.http import HttpRequest, JsonResponse

from .models import Item


def root(_: HttpRequest) -> JsonResponse:
    return JsonResponse({"service": "shop"})


def items(_: HttpRequest) -> JsonResponse:
    return JsonResponse({"items": list(Item.objects.values("id", "title", "price"))})
