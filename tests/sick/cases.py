"""What goes wrong with an API server, or on the way to it.

Each case is made anew for each run: it is called with every exchange, and answers it."""
import os
import random
import re
import stat
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import documents
from proxy import Wire, cut
from spoil import SPOILERS, fails, first_page, gone, login, not_served, unauthorized


class Case:
    """Nothing goes wrong."""
    whole = True
    """Whether the diagnosis must be as if nothing went wrong."""
    user = {"token": "first"}

    def begin(self, proxy):
        """What there is to set up."""

    def __call__(self, exchange):
        exchange.pass_on()


@dataclass
class Spoilt(Case):
    """Some answers are spoilt."""
    do: object
    which: object
    whole = False

    def __call__(self, exchange):
        self.do(exchange) if self.which(exchange.asked) else exchange.pass_on()


class OnceTooMany(Case):
    """Everything is put off once."""

    def __init__(self):
        self.seen, self.lock = set(), threading.Lock()

    def __call__(self, exchange):
        with self.lock:
            is_new = exchange.asked.path not in self.seen
            self.seen.add(exchange.asked.path)
        fails(429)(exchange) if is_new else exchange.pass_on()


class Changed(Case):
    """The documents are otherwise than the server wrote them."""

    def __init__(self, change):
        self.change = change

    def __call__(self, exchange):
        exchange.pass_on(lambda answer: answer.with_json(self.change))


class Clock(Case):
    """The server's clock, by which nodes and controllers write, is otherwise than the client's."""

    def __init__(self, hours):
        self.off = timedelta(hours=hours)

    def moved(self, _, value):
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
            at = datetime.fromisoformat(value.replace("Z", "+00:00")) + self.off
            return at.isoformat().replace("+00:00", "Z")
        return value

    def __call__(self, exchange):
        def change(answer):
            if "Date" in answer.headers:
                answer.headers["Date"] = format_datetime(parsedate_to_datetime(answer.headers["Date"]) + self.off, usegmt=True)
            return answer.with_json(lambda document: documents.walk(document, self.moved))
        exchange.pass_on(change)


class Paged(Case):
    """Lists come in pages of two; what becomes of the later ones is up to `later`."""

    def __init__(self, later=None, whole=True):
        self.later, self.whole = later, whole

    def __call__(self, exchange):
        asked = exchange.asked
        if "continue" in asked.query and self.later:
            return self.later(exchange)
        exchange.answer(exchange.fetch(path=re.sub(r"limit=\d+", "limit=2", asked.path)))


class Gone(Case):
    """Lists in pages, all of which are expired; and whole ones as well."""
    whole = False

    def __call__(self, exchange):
        asked = exchange.asked
        gone(exchange) if asked.plural and not asked.name and not asked.is_watch else exchange.pass_on()


class Watches(Case):
    """A watch tells otherwise than it should."""

    def __init__(self, change):
        self.change = change

    def __call__(self, exchange):
        exchange.stream(self.change) if exchange.asked.is_watch else exchange.pass_on()


class Version(Case):
    """A server of another version; what it did not have then it does not serve."""
    SINCE = {"resource.k8s.io": 34}

    def __init__(self, minor):
        self.minor = minor
        self.whole = True

    def __call__(self, exchange):
        asked = exchange.asked
        if self.minor < self.SINCE.get(asked.group, 0):
            return not_served(exchange)
        if asked.kind == "/version":
            return exchange.pass_on(lambda answer: answer.with_json(
                lambda version: {**version, "major": "1", "minor": str(self.minor), "gitVersion": f"v1.{self.minor}.0"}))
        exchange.pass_on(lambda answer: answer.with_json(documents.unknown_fields) if self.minor > 34 else answer)


class Shows(Case):
    """Another certificate, from the start or for every connection after so many requests; those that stand are closed then."""

    def __init__(self, which, whole=False, after=0):
        self.which, self.whole, self.after = which, whole, after

    def begin(self, proxy):
        if not self.after:
            proxy.context = getattr(proxy.certificates, self.which)

    def __call__(self, exchange):
        if self.after and exchange.asked.number >= self.after:
            exchange.server.context = getattr(exchange.server.certificates, self.which)
            exchange.close_connection = True
        answer = exchange.fetch() if not exchange.asked.is_watch else None
        if answer and exchange.close_connection:
            answer.headers["Connection"] = "close"
        exchange.answer(answer) if answer else exchange.pass_on()


class Plugin(Case):
    """A token of a credential plugin that is no longer accepted after so many requests."""

    def __init__(self, then, whole=False, after=4):
        self.then, self.whole, self.after = then, whole, after

    def begin(self, proxy):
        folder = tempfile.mkdtemp()
        self.file = os.path.join(folder, "token")
        self.token = self.issue("first")
        script = os.path.join(folder, "sso")
        with open(script, "w") as file:
            file.write(f"#!/bin/sh\nif ! [ -f {self.file} ]; then echo 'the session has ended: run sso login' >&2; exit 1; fi\n"
                       f'echo "{{\\"kind\\": \\"ExecCredential\\", \\"apiVersion\\": \\"client.authentication.k8s.io/v1\\", \\"status\\": {{\\"token\\": \\"$(cat {self.file})\\"}}}}"\n')
        os.chmod(script, stat.S_IRWXU)
        self.user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": script, "interactiveMode": "Never"}}

    def issue(self, token):
        with open(self.file, "w") as file:
            file.write(token)
        return token

    def __call__(self, exchange):
        with exchange.server.lock:
            if exchange.asked.number == self.after:
                if self.then == "fails":
                    os.remove(self.file)
                elif self.then == "renews":
                    self.issue("second")
                self.token = "second"
        given = exchange.asked.headers.get("Authorization") or exchange.asked.headers.get("authorization")
        exchange.pass_on() if given == f"Bearer {self.token}" else unauthorized(exchange)


# On the wire: as it is with one connection for all requests (HTTP/2).

class Wired(Case):
    whole = False

    def __init__(self, make):
        self.make = make

    def wire(self, server):
        return self.make(server)


class Stalls(Wire):
    """After so many bytes nothing passes any more, and nobody hangs up."""

    def __init__(self, server, after):
        self.after = after
        super().__init__(server)

    def hand_on(self, one, other):
        try:
            while data := one.recv(4096):
                self.after -= len(data)
                if self.after < 0:
                    time.sleep(60)
                other.sendall(data)
        except OSError:
            pass
        cut(one, other)


class Drips(Wire):
    def hand_on(self, one, other):
        try:
            while data := one.recv(1):
                time.sleep(0.05)
                other.sendall(data)
        except OSError:
            pass
        cut(one, other)


def cuts(longest):
    def spoil(near, far):
        threading.Timer(random.uniform(0.01, longest), cut, (near, far)).start()
    return lambda server: Wire(server, spoil)


class Texts(Case):
    """JSON that is not said to be so."""

    def __call__(self, exchange):
        def plain(answer):
            answer.headers["Content-Type"] = "text/plain; charset=utf-8"
            return answer
        exchange.pass_on(plain)


def cases(kinds):
    """Every case by its name, as what makes it; of those with `each` there is one a kind."""
    every = {
        "nothing": Case,
        "429 once": OnceTooMany,
        "text/plain": Texts,
        "pages": Paged,
        "410 page": lambda: Paged(gone),
        "410 all": Gone,
        "page again and again": lambda: Paged(first_page, whole=False),
        "lists reordered, events twice": lambda: Changed(documents.reordered),
        "watch: events twice": lambda: Watches(documents.twice),
        "watch: events swapped": lambda: Watches(documents.swapped),
        "watch: old after new": lambda: Watches(documents.stale_last),
        "watch: 410": lambda: Watches(documents.expired),
        "clock +1 h": lambda: Clock(1),
        "clock -1 h": lambda: Clock(-1),
        "unknown fields": lambda: Changed(documents.unknown_fields),
        "unknown values": lambda: Changed(documents.unknown_values),
        "nulls": lambda: Changed(documents.nulls),
        "certificate expired": lambda: Shows("expired"),
        "certificate of a stranger": lambda: Shows("strange"),
        "certificate renewed in mid-run": lambda: Shows("renewed", True, 3),
        "certificate expires in mid-run": lambda: Shows("expired", False, 3),
        "certificate of a stranger in mid-run": lambda: Shows("strange", False, 3),
        "401, the plugin renews": lambda: Plugin("renews", True),
        "401, the plugin fails": lambda: Plugin("fails"),
        "401, the plugin gives the same": lambda: Plugin("same"),
        "401 in mid-run, a token": lambda: Spoilt(unauthorized, lambda asked: asked.number >= 4),
        "login page in mid-run": lambda: Spoilt(login, lambda asked: asked.number >= 4),
        "wire: cut within 0.3 s": lambda: Wired(cuts(0.3)),
        "wire: cut within 2 s": lambda: Wired(cuts(2)),
        "wire: nothing passes": lambda: Wired(lambda server: Stalls(server, 0)),
        "wire: stalls after 20 kB": lambda: Wired(lambda server: Stalls(server, 20_000)),
        "wire: drips": lambda: Wired(Drips),
        **{f"version 1.{minor}": (lambda minor=minor: Version(minor)) for minor in range(28, 41)},
    }
    scopes = {
        "always": lambda asked: True,
        "but for /version": lambda asked: asked.kind != "/version",
        "half": lambda asked: random.random() < 0.5,
    }
    for name, do in SPOILERS.items():
        for scope, which in scopes.items():
            every[f"{name} {scope}"] = lambda do=do, which=which: Spoilt(do, which)
        for kind in kinds:
            every[f"{name} each: {kind}"] = lambda do=do, kind=kind: Spoilt(do, lambda asked: asked.kind == kind)
    for group in sorted({kind.split(".", 1)[1] for kind in kinds if "." in kind and not kind.startswith("/")}):
        every[f"404 group: {group}"] = lambda group=group: Spoilt(not_served, lambda asked: asked.group == group)
    return every
