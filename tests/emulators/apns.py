"""Apple's push service, as its documentation has it: HTTP/2 over TLS, one stream for one push, JSON for refusals."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

KEY_ID = "ABC123DEFG"
TEAM_ID = "TEAM123456"
DEVICE_TOKEN = "a1b2c3d4" * 8
BUNDLE_ID = "com.TEAM123456.loopkit.Loop"
TOKEN_LIFETIME_S = 3600


@dataclass(frozen=True)
class Pushed:
    """One push as it came: its headers, the phone it is for, the claims of its token, its message."""

    headers: dict[str, str]
    path: str
    claims: dict[str, Any]
    message: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What goes back: a status and Apple's word for it; ``silent`` takes the push and never answers."""

    status: int = 200
    reason: str = ""
    raw: bytes | None = None
    silent: bool = False


ACCEPTED = Answer()


@dataclass
class _Stream:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class ApnsEmulator:
    """Knows one team's key, one phone and one app; ``script`` puts other answers first."""

    def __init__(self, folder: Path, clock: Any, key: ec.EllipticCurvePrivateKey) -> None:
        self.clock = clock
        self.key = key
        self.pushed: list[Pushed] = []
        self.connections = 0
        self.protocols: list[str | None] = []
        self.device_tokens = {DEVICE_TOKEN}
        self._public_key = ECKey.import_key(
            key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        self._scenes: list[Answer] = []
        self._certificate = _certificate_in(folder)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def trusted(self) -> ssl.SSLContext:
        """What a client needs to trust this server."""
        return ssl.create_default_context(cafile=str(self._certificate))

    def script(self, *answers: Answer) -> None:
        self._scenes += answers

    @contextmanager
    def running(self) -> Iterator[ApnsEmulator]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate)
        context.set_alpn_protocols(["h2"])
        accepting = threading.Thread(target=self._accept, args=(context,), daemon=True)
        accepting.start()
        try:
            yield self
        finally:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            for thread in (accepting, *self._threads):
                thread.join(10)

    def _accept(self, context: ssl.SSLContext) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(plain)
            thread = threading.Thread(target=self._serve, args=(context, plain), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, context: ssl.SSLContext, plain: socket.socket) -> None:
        try:
            with context.wrap_socket(plain, server_side=True) as line:
                self._open.append(line)
                self.protocols.append(line.selected_alpn_protocol())
                self._speak(line)
        except (OSError, h2.exceptions.ProtocolError):
            return

    def _speak(self, line: ssl.SSLSocket) -> None:
        spoken = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        spoken.initiate_connection()
        line.sendall(spoken.data_to_send())
        streams: dict[int, _Stream] = {}
        while received := line.recv(65536):
            for event in spoken.receive_data(received):
                if isinstance(event, h2.events.RequestReceived):
                    streams[event.stream_id] = _Stream(dict(event.headers))
                elif isinstance(event, h2.events.DataReceived):
                    streams[event.stream_id].body += event.data
                    spoken.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self._answer(spoken, event.stream_id, streams.pop(event.stream_id))
            line.sendall(spoken.data_to_send())

    def _answer(self, spoken: h2.connection.H2Connection, number: int, stream: _Stream) -> None:
        answer = self._judged(stream)
        if answer.silent:
            return
        body = answer.raw if answer.raw is not None else b""
        if answer.reason:
            body = json.dumps({"reason": answer.reason}).encode()
        headers = [(":status", str(answer.status)), ("apns-id", stream.headers.get("apns-id", ""))]
        spoken.send_headers(number, headers, end_stream=not body)
        if body:
            spoken.send_data(number, body, end_stream=True)

    def _judged(self, stream: _Stream) -> Answer:
        """Judge a push as Apple does: method, path, token, topic, message, phone."""
        headers = stream.headers
        if headers[":method"] != "POST" or not headers[":path"].startswith("/3/device/"):
            return Answer(404, "BadPath")
        claims = self._claims(headers.get("authorization", ""))
        if claims is None:
            return Answer(403, "InvalidProviderToken")
        if not -60 <= self.clock.now_ms() / 1000 - claims["iat"] <= TOKEN_LIFETIME_S:
            return Answer(403, "ExpiredProviderToken")
        if len(stream.body) > 4096:
            return Answer(413, "PayloadTooLarge")
        pushed = Pushed(headers, headers[":path"], claims, json.loads(stream.body))
        self.pushed.append(pushed)
        if self._scenes:
            return self._scenes.pop(0)
        if pushed.path.removeprefix("/3/device/") not in self.device_tokens:
            return Answer(400, "BadDeviceToken")
        return ACCEPTED if headers.get("apns-topic") == BUNDLE_ID else Answer(400, "DeviceTokenNotForTopic")

    def _claims(self, authorization: str) -> dict[str, Any] | None:
        scheme, _, text = authorization.partition(" ")
        try:
            token = jwt.decode(text, self._public_key, algorithms=["ES256"])
        except (JoseError, ValueError):
            return None
        good = scheme == "bearer" and token.header["kid"] == KEY_ID and token.claims["iss"] == TEAM_ID
        return token.claims if good else None


def _certificate_in(folder: Path) -> Path:
    """Make a certificate for this machine's loopback address, with its key, in one file."""
    key, name = new_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "apns.pem"
    path.write_bytes(pem_of(key).encode() + made.public_bytes(Encoding.PEM))
    return path
