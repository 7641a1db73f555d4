"""TLS: certificates are checked, and those that are trusted are read once for all connections."""

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import pytest
from bad_web import WEB
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from wreck_core.params import ScrapeParams


def status_by_https(speak: Callable[[socket.socket], None], fetch: Any, params: ScrapeParams) -> str:
    """Fetch one URL by https from a listener on which `speak` has the word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=speak, args=(listener,), daemon=True)
        thread.start()
        mirrors = ((WEB, f"https://127.0.0.1:{listener.getsockname()[1]}/"),)
        row = fetch([WEB + "x"], params, mirrors)[WEB + "x"]
        thread.join()
    return row.status


def test_a_host_that_speaks_no_tls_is_told_from_a_broken_connection(
    fetch: Any, impatient: ScrapeParams, make_answer: Any
) -> None:
    def speak_plainly(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(65536)
            sock.sendall(make_answer(b"", code=400))

    assert status_by_https(speak_plainly, fetch, impatient) == "tls"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key, and a certificate for 127.0.0.1 that is valid but for who signed it: itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(place, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path / "certificate.pem"
    path.write_bytes(secret + signed.public_bytes(Encoding.PEM))
    return path


def test_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_asked(
    fetch: Any, impatient: ScrapeParams, certificate: Path
) -> None:
    heard: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def speak(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock, contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as secure:
            heard.append(secure.recv(65536))

    assert status_by_https(speak, fetch, impatient) == "tls"
    assert not any(heard)


def test_trusted_hosts_are_asked_over_new_connections_without_reading_all_certificates_anew(
    fetch: Any,
    impatient: ScrapeParams,
    certificate: Path,
    make_photo: Any,
    make_answer: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[Path] = []

    def trusted() -> str:
        read.append(certificate)
        return str(certificate)

    monkeypatch.setattr(certifi, "where", trusted)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    shaken: list[int] = []

    def speak(listener: socket.socket) -> None:
        for number in range(4):
            sock, _ = listener.accept()
            with sock, context.wrap_socket(sock, server_side=True) as secure:
                shaken.append(number)
                secure.recv(65536)
                secure.sendall(make_answer(make_photo(number), "Connection: close"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=speak, args=(listener,), daemon=True)
        thread.start()
        mirrors = ((WEB, f"https://127.0.0.1:{listener.getsockname()[1]}/"),)
        rows = fetch([f"{WEB}{number}" for number in range(4)], impatient, mirrors)
        thread.join()
    assert {row.status for row in rows.values()} == {"ok"}
    assert len(shaken) == 4
    assert len(read) == 1
