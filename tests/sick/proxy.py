"""What stands between a client and an API server: Wire hands on bytes and cuts, Proxy reads what is asked and may spoil the answer."""
import atexit
import base64
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def kubeconfig():
    """The kubeconfig in use, with one cluster and one user, and the address of its API server."""
    view = ["kubectl", "config", "view", "--minify", "--flatten", "--raw", "-o", "json"]
    config = json.loads(subprocess.run(view, capture_output=True, text=True, check=True).stdout)
    address = urlsplit(config["clusters"][0]["cluster"]["server"])
    return config, (address.hostname, address.port or 443)


def written(config):
    """A file with this kubeconfig, which is gone when this process ends."""
    file = tempfile.NamedTemporaryFile("w", prefix="kubeconfig-", suffix=".json", delete=False)
    with file:
        json.dump(config, file)
    atexit.register(pathlib.Path(file.name).unlink, missing_ok=True)
    return file.name


def cut(*ends):
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Wire(threading.Thread):
    """Hands on what comes in, sealed as it is; each connection is given to `spoil` once, as its two ends. `cut` ends all that
    there are, and while it is `shut` nobody is let in."""

    def __init__(self, server, spoil=lambda near, far: None, port=0):
        super().__init__(daemon=True)
        self.server, self.spoil, self.ends, self.shut = server, spoil, [], False
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            near, _ = self.listener.accept()
            if self.shut:
                near.close()
                continue
            try:
                far = socket.create_connection(self.server)
            except OSError:  # nobody listens there for now
                near.close()
                continue
            self.ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.hand_on, args=(one, other), daemon=True).start()
            self.spoil(near, far)

    def hand_on(self, one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        cut(one, other)

    def cut(self):
        cut(*self.ends)
        self.ends.clear()

    def kubeconfig(self):
        """A kubeconfig that leads through here, with the server's own certificate and the user's own credentials."""
        config, (host, _) = kubeconfig()
        config["clusters"][0]["cluster"].update({"server": f"https://127.0.0.1:{self.port}", "tls-server-name": host})
        return written(config)


class Certificates:
    """An authority of its own, another one, and what they sign for 127.0.0.1."""

    def __init__(self, folder):
        self.folder = folder
        for authority in ("ca", "stranger"):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                         "-subj", f"/CN={authority}", "-keyout", self.path(f"{authority}.key"), "-out", self.path(f"{authority}.crt"))
        self.good, self.renewed = self.signed("good", "ca", 1), self.signed("renewed", "ca", 1)
        self.expired, self.strange = self.signed("expired", "ca", -1), self.signed("strange", "stranger", 1)
        self.authority = base64.b64encode(open(self.path("ca.crt"), "rb").read()).decode()

    def path(self, name):
        return os.path.join(self.folder, name)

    def signed(self, name, authority, days):
        """The context of a server that shows a certificate which is good for so many days."""
        key, request, crt, names = (self.path(f"{name}.{end}") for end in ("key", "csr", "crt", "names"))
        with open(names, "w") as file:
            file.write("subjectAltName=IP:127.0.0.1")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.path(f"{authority}.crt"), "-CAkey", self.path(f"{authority}.key"),
                     "-CAcreateserial", "-days", str(days), "-out", crt, "-extfile", names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(crt, key)
        context.set_alpn_protocols(["http/1.1"])
        return context

    @staticmethod
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)


@dataclass
class Asked:
    """What a client asks for."""
    method: str
    path: str
    number: int
    headers: dict
    body: bytes = b""
    group: str = field(init=False, default="")
    plural: str = field(init=False, default="")
    namespace: str = field(init=False, default="")
    name: str = field(init=False, default="")
    sub: str = field(init=False, default="")

    def __post_init__(self):
        url = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(url.query).items()}
        found = re.match(r"/(?:api|apis/([^/]+))/[^/]+/(?:namespaces/([^/]+)/)?([a-z]+)(?:/([^/]+)(?:/(.+))?)?$", url.path)
        if found:
            self.group, self.namespace, self.plural, self.name, self.sub = (part or "" for part in found.groups())

    @property
    def kind(self):
        """`pods`, `deployments.apps`, `pods/log`; otherwise the path: /version."""
        if not self.plural:
            return urlsplit(self.path).path
        return self.plural + (f".{self.group}" if self.group else "") + (f"/{self.sub}" if self.sub else "")

    @property
    def is_watch(self):
        return self.query.get("watch") in ("1", "true")


@dataclass
class Answer:
    """What comes back."""
    code: int
    headers: dict
    body: bytes

    def with_json(self, change):
        """What `change` makes of the document, where it is one."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return self
        return replace(self, body=json.dumps(change(document)).encode())


def status(code, reason, message, **details):
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "details": details, "code": code}
    return Answer(code, {"Content-Type": "application/json", "Audit-Id": "1"}, json.dumps(body).encode())


class Proxy(ThreadingHTTPServer):
    """Asks the API server for what it is asked for, as the administrator, and answers as `fault(exchange)` will have it."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificates, fault):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.certificates, self.fault = certificates, fault
        self.context, self.asked, self.lock = certificates.good, [], threading.Lock()
        config, self.upstream = kubeconfig()
        self.admin = ssl.create_default_context(cadata=base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode())
        user = config["users"][0]["user"]
        with tempfile.NamedTemporaryFile("w") as pem:
            pem.write("".join(base64.b64decode(user[f"client-{part}-data"]).decode() for part in ("certificate", "key")))
            pem.flush()
            self.admin.load_cert_chain(pem.name)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def kubeconfig(self, user):
        cluster = {"server": f"https://127.0.0.1:{self.server_address[1]}", "certificate-authority-data": self.certificates.authority}
        return written({
            "apiVersion": "v1", "kind": "Config", "current-context": "sick",
            "clusters": [{"name": "sick", "cluster": cluster}], "users": [{"name": "sick", "user": user}],
            "contexts": [{"name": "sick", "context": {"cluster": "sick", "user": "sick"}}],
        })

    def handle_error(self, request, client_address):
        pass  # whoever asked has gone


class Exchange(BaseHTTPRequestHandler):
    """One connection of a client, and one request of it after the other."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    far = None

    def setup(self):
        self.request.settimeout(120)
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def do(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            self.asked = Asked(self.command, self.path, len(self.server.asked), dict(self.headers), body)
            self.server.asked.append(self.asked)
        self.server.fault(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def log_message(self, *_):
        pass

    def open(self, path=None, accept=None):
        self.far = self.far or http.client.HTTPSConnection(*self.server.upstream, context=self.server.admin)
        given = {key.title(): value for key, value in self.asked.headers.items()}
        headers = {"Accept": accept or given.get("Accept", "*/*"), "Content-Type": given.get("Content-Type", "application/json")}
        self.far.request(self.asked.method, path or self.asked.path, body=self.asked.body or None, headers=headers)
        return self.far.getresponse()

    def fetch(self, path=None, accept=None):
        """What the API server answers."""
        response = self.open(path, accept)
        headers = {key: value for key, value in response.getheaders() if key.lower() in ("content-type", "audit-id", "retry-after", "date")}
        return Answer(response.status, headers, response.read())

    def head(self, answer, length):
        lines = [f"HTTP/1.1 {answer.code} X", *(f"{key}: {value}" for key, value in answer.headers.items()), f"Content-Length: {length}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def answer(self, answer):
        self.wfile.write(self.head(answer, len(answer.body)) + answer.body)

    def pass_on(self, change=lambda answer: answer):
        """What the server answers; of a watch, line by line."""
        if self.asked.is_watch:
            self.stream(lambda lines: (change(Answer(200, {}, line)).body for line in lines))
        else:
            self.answer(change(self.fetch()))

    def stream(self, change):
        """A watch as it comes, with what `change` makes of its lines."""
        response = self.open()
        kept = {"Content-Type": response.getheader("Content-Type", "")}
        if response.status != 200:
            return self.answer(Answer(response.status, kept, response.read()))
        self.wfile.write(f"HTTP/1.1 200 X\r\nContent-Type: {kept['Content-Type']}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for line in change(iter(response.readline, b"")):
            line = line.rstrip(b"\n") + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")
        # What is left of it is not read.
        self.far.close()

    def part(self, answer, share, length=None):
        """Only the first part of the body, then the end of the connection; it is as long as the head says where nothing else is given."""
        body = answer.body[: int(len(answer.body) * share)]
        self.wfile.write(self.head(answer, len(body) if length is None else length) + body)
        if length is not None:
            self.close_connection = True

    def reset(self):
        """Ends the connection at once, with RST."""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.request.detach())
        self.close_connection = True

    def finish(self):
        try:
            super().finish()
        except (OSError, ValueError):
            pass
        if self.far:
            self.far.close()
