"""A certificate authority of the test's own, made by openssl."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The files of a key and its certificate."""

    key: Path
    certificate: Path


class Authority:
    """Certificates for a server on 127.0.0.1 and for a client, and the one that signs both."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pair = self._make("ca")
        signed = ("-CA", str(self.certificate), "-CAkey", str(self._pair.key))
        address = "subjectAltName=IP:127.0.0.1"
        self.server = self._make("server", *signed, "-addext", address)
        self.client = self._make("client", *signed)

    @property
    def certificate(self) -> Path:
        """What to trust."""
        return self._pair.certificate

    def _make(self, name: str, *more: str) -> Pair:
        made = Pair(key=self._folder / f"{name}.key", certificate=self._folder / f"{name}.crt")
        files = ("-keyout", str(made.key), "-out", str(made.certificate))
        command = ("openssl", "req", "-x509", "-subj", f"/CN={name}", *_KEY, *files, *more)
        subprocess.run(command, check=True, capture_output=True)
        return made

    def server_context(self) -> ssl.SSLContext:
        """TLS that asks for a client's certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.certificate, self.server.key)
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
