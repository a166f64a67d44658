"""Ways to spoil one answer."""
import time

from proxy import Answer, status

HTML = "text/html; charset=utf-8"


def fails(code):
    """As the API server says it, or as a load balancer in front of it does."""
    words = {500: "etcdserver: request timed out", 503: "apiserver is shutting down", 429: "too many requests, please try again later"}

    def do(exchange):
        if code in words:
            answer = status(code, "InternalError", words[code])
        else:
            answer = Answer(code, {"Content-Type": HTML}, f"<html><head><title>{code} Bad Gateway</title></head></html>".encode())
        if code == 429:
            answer.headers["Retry-After"] = "1"
        exchange.answer(answer)
    return do


def forbid(exchange):
    asked = exchange.asked
    if not asked.plural:
        return exchange.pass_on()
    resource = asked.plural + (f"/{asked.sub}" if asked.sub else "")
    verb = "watch" if asked.is_watch else "get" if asked.name else "list"
    place = f' in the namespace "{asked.namespace}"' if asked.namespace else " at the cluster scope"
    name = f' "{asked.name}"' if asked.name else ""
    words = f'{asked.plural}{name} is forbidden: User "jane" cannot {verb} resource "{resource}" in API group "{asked.group}"{place}'
    exchange.answer(status(403, "Forbidden", words, name=asked.name, kind=asked.plural))


def not_served(exchange):
    exchange.answer(Answer(404, {"Content-Type": "text/plain; charset=utf-8", "Audit-Id": "1"}, b"404 page not found\n"))


def unauthorized(exchange):
    exchange.answer(status(401, "Unauthorized", "Unauthorized"))


def reset(exchange):
    answer = exchange.fetch()
    exchange.wfile.write(exchange.head(answer, len(answer.body)) + answer.body[: len(answer.body) // 2])
    exchange.reset()


def truncated(exchange):
    exchange.part(exchange.fetch(), 0.7)


def short(exchange):
    answer = exchange.fetch()
    exchange.part(answer, 0.7, length=len(answer.body))


def drip(exchange):
    answer = exchange.fetch()
    for byte in exchange.head(answer, len(answer.body)) + answer.body:
        exchange.wfile.write(bytes([byte]))
        time.sleep(0.05)


def silence(exchange):
    time.sleep(60)


def protobuf(exchange):
    exchange.answer(exchange.fetch(accept="application/vnd.kubernetes.protobuf"))


def login(exchange):
    exchange.answer(Answer(200, {"Content-Type": HTML}, b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"))


def redirect(exchange):
    exchange.answer(Answer(302, {"Content-Type": HTML, "Location": "https://sso.example.com/login"}, b"<html></html>"))


def empty(exchange):
    exchange.answer(Answer(200, {"Content-Type": "application/json"}, b""))


def gone(exchange):
    exchange.answer(status(410, "Expired", "The provided continue parameter is too old to display a consistent list result."))


def first_page(exchange):
    """As a cache in between answers that does not look at the query."""
    path = re.sub(r"&continue=[^&]*", "", exchange.asked.path)
    exchange.answer(exchange.fetch(path=re.sub(r"limit=\d+", "limit=2", path)))


SPOILERS = {
    "429": fails(429), "500": fails(500), "502": fails(502), "503": fails(503), "504": fails(504), "403": forbid, "404": not_served,
    "reset": reset, "truncated": truncated, "short": short, "empty": empty, "drip": drip, "silence": silence,
    "protobuf": protobuf, "login": login, "redirect": redirect,
}
