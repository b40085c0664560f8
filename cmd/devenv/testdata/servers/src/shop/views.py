from answer import answer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def root(_: HttpRequest) -> HttpResponse:
    return HttpResponse(answer())


def items(request: HttpRequest) -> HttpResponse:
    return render(request, "items.html", {"items": priced(request.GET["prices"])})


def priced(prices: str) -> list[dict]:
    found = []
    for text in prices.split(","):
        price = int(text)  # read
        found.append({"price": price})
    return found  # done


def broken(_: HttpRequest) -> HttpResponse:
    try:
        raise ValueError("for the debugger")  # raised
    except ValueError as error:
        return HttpResponse(str(error))


def lines(_: HttpRequest) -> HttpResponse:
    return HttpResponse(lines.__code__.co_firstlineno)
