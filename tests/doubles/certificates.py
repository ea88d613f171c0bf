"""A certificate authority of the test's own, made by openssl.

What RFC 5280 wants of certificates is there unless it is left out on purpose: Python 3.13's ssl
refuses others, and some authorities of real clusters are such (test_api_tls.py).
"""

import ssl
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

_CONFIG = """\
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = IP:127.0.0.1
[ca-bare]
basicConstraints = CA:true
subjectKeyIdentifier = none
authorityKeyIdentifier = none
[leaf-bare]
subjectKeyIdentifier = none
authorityKeyIdentifier = none
subjectAltName = IP:127.0.0.1
"""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The files of a key and its certificate."""

    key: Path
    certificate: Path


class Authority:
    """Certificates for a server on 127.0.0.1 and for a client, and the one that signs both.

    One that `is_bare` says of itself that it is an authority, and no more: no Key Usage and no key
    identifiers. One that `is_below` is signed by a root, of which nobody is told.
    """

    def __init__(self, folder: Path, *, is_bare: bool = False, is_below: bool = False) -> None:
        self._folder, self._kind = folder, "-bare" if is_bare else ""
        (folder / "openssl.cnf").write_text(_CONFIG)
        root = self._by(self._make("root", extensions="ca")) if is_below else ()
        self._pair = self._make("ca", *root, extensions="ca")
        signed = self._by(self._pair)
        self.server = self._make("server", *signed, extensions="leaf")
        self.client = self._make("client", *signed, extensions="leaf")

    @property
    def certificate(self) -> Path:
        """What to trust."""
        return self._pair.certificate

    def _by(self, pair: Pair) -> tuple[str, ...]:
        return ("-CA", str(pair.certificate), "-CAkey", str(pair.key))

    def _make(self, name: str, *more: str, extensions: str) -> Pair:
        made = Pair(key=self._folder / f"{name}.key", certificate=self._folder / f"{name}.crt")
        section = extensions + self._kind
        files = ("-keyout", str(made.key), "-out", str(made.certificate))
        config = ("-config", str(self._folder / "openssl.cnf"), "-extensions", section)
        command = ("openssl", "req", "-x509", "-subj", f"/CN={name}", *config, *_KEY, *files, *more)
        subprocess.run(command, check=True, capture_output=True)
        return made

    def open_context(self) -> ssl.SSLContext:
        """TLS of the server's, which asks for nothing."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.certificate, self.server.key)
        return context

    def server_context(self) -> ssl.SSLContext:
        """TLS that asks for a client's certificate."""
        context = self.open_context()
        context.load_verify_locations(self.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def variables(self) -> dict[str, str]:
        """What the client is told, by the names of OTEL_EXPORTER_OTLP_*."""
        return {
            "CERTIFICATE": str(self.certificate),
            "CLIENT_KEY": str(self.client.key),
            "CLIENT_CERTIFICATE": str(self.client.certificate),
        }


@cache
def any_authority() -> Authority:
    """One for whoever wants TLS and nothing of it in particular, made once."""
    return Authority(Path(mkdtemp()))


def be_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python 3.13 adds to ssl's default context, on every Python."""
    default = ssl.create_default_context

    def strict(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        context = default(*args, **kwargs)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
