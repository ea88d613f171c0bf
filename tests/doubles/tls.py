"""TLS in front of a server on paper."""

import ssl

from tests.doubles.certificates import Authority
from tests.doubles.relay import Relay


class TlsFront(Relay):
    """Ends TLS, and passes the bytes on to a port; it is there within `async with`."""

    def __init__(self, authority: Authority, *, to: int) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        super().__init__(to=to, context=self._tls)
        self.use(authority)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def use(self, authority: Authority) -> None:
        """From now on new connections get the certificate of this authority."""
        self._tls.load_cert_chain(authority.server.certificate, authority.server.key)

    async def serve_anew(self, authority: Authority, *, clients: Authority) -> None:
        """Have a certificate of one, take clients of another, and forget what was before."""
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.use(authority)
        self.ask_for_certificates(clients)
        await self.serve(self._tls)
        self.cut()

    def only(self, version: str) -> None:
        """Speak this version alone: `TLSv1_2`."""
        self._tls.minimum_version = self._tls.maximum_version = ssl.TLSVersion[version]

    def ask_for_certificates(self, authority: Authority) -> None:
        """Take only clients that have one of this authority."""
        self._tls.load_verify_locations(authority.certificate)
        self._tls.verify_mode = ssl.CERT_REQUIRED
