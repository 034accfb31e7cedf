"""The line over TLS: the certificate must be valid for the very name that was asked for."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.uploaders import guard
from app.uploaders.errors import Transient
from app.uploaders.transport import Line
from tests.clocks import SettableClock
from tests.emulators.server import Asked, Emulator, Reply

MakeLine = Callable[..., Line]


class Echo(Emulator):
    def reply(self, asked: Asked) -> Reply:
        return Reply({"path": asked.path})


def write_certificate(path: Path) -> None:
    """Write a certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM
    private = key.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(form) + private)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "certificate.pem"
    write_certificate(path)
    return path


@pytest.fixture
def address(clock: SettableClock, certificate: Path) -> Iterator[str]:
    emulator = Echo(clock)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    emulator._server.socket = context.wrap_socket(emulator._server.socket, server_side=True)
    with emulator.running():
        yield emulator.url.replace("http:", "https:")


def test_a_valid_certificate_is_trusted(
    line: MakeLine, address: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_trusted", lambda: ssl.create_default_context(cafile=certificate))
    encrypted = line()
    for _ in range(2):
        assert encrypted.ask("GET", f"{address}/here").json() == {"path": "/here"}


def test_a_certificate_nobody_vouches_for_is_refused_and_named(line: MakeLine, address: str) -> None:
    with pytest.raises(Transient, match=r"certificate of 127\.0\.0\.1 is not valid"):
        line().ask("GET", address)


def test_a_certificate_for_another_name_is_refused(
    line: MakeLine, address: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_trusted", lambda: ssl.create_default_context(cafile=certificate))
    with pytest.raises(Transient, match="certificate of localhost"):
        line().ask("GET", address.replace("127.0.0.1", "localhost"))
