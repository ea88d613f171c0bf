"""The certificates of an endpoint: files, which whoever issues them replaces while we run."""

import errno
import logging
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from event_tracer.export.otlp.endpoint import PREFIX, Endpoint
from event_tracer.runtime.tls import EncryptedKeyError, client_context, show_pair

logger = logging.getLogger(__name__)
_State = tuple[tuple[int, int, int] | None, ...]
_UNTRUSTED, _NO_TLS = "CERTIFICATE_VERIFY_FAILED", ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Contents that belong together; what the endpoint does not name is None."""

    authority: bytes | None
    key: bytes | None
    chain: bytes | None
    context: ssl.SSLContext


def demand_pair(endpoint: Endpoint) -> None:
    """Raises OSError where a client's key and certificate, which need each other, are one.

    Over HTTP the key may be in the certificate's file; gRPC would abort the process
    (grpc_tls_certificate_distributor.cc, grpcio 1.85).
    """
    has_key, has_certificate = bool(endpoint.client_key), bool(endpoint.client_certificate)
    if has_key and not has_certificate:
        raise _unusable("it and _CLIENT_CERTIFICATE need each other", f"{PREFIX}CLIENT_KEY")
    if endpoint.protocol == "grpc" and has_certificate and not has_key:
        raise _unusable("it and _CLIENT_KEY need each other", f"{PREFIX}CLIENT_CERTIFICATE")


class CertificateFiles:
    """The newest whole certificates of an endpoint. Raises OSError where there are none at first.

    cert-manager and the kubelet write new ones long before the old ones end, so what is `current`
    is read anew when a file has changed. Of a pair of which one half is written, nothing is taken.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._state = self._seen = self._look()
        self.current = _read(endpoint)

    def refresh(self) -> bool:
        """Take up files that have changed; True if there were any."""
        state = self._look()
        if state == self._state:
            return False
        is_new, self._seen = state != self._seen, state
        try:
            current = _read(self._endpoint)
        except OSError as error:
            if is_new:
                extra = {"error": error.strerror or str(error), "file": str(error.filename or "")}
                logger.warning("new certificates cannot be used; the old ones are", extra=extra)
            return False
        if self._look() != state:  # they are being written
            return False
        self._state, self.current = state, current
        logger.info("certificates were read anew", extra={"endpoint": str(self._endpoint)})
        return True

    def _look(self) -> _State:
        return tuple(_stamp(name) for name in _names(self._endpoint))


def _names(endpoint: Endpoint) -> Iterable[str]:
    files = (endpoint.certificate, endpoint.client_key, endpoint.client_certificate)
    return (name for name in files if name)


def _stamp(name: str) -> tuple[int, int, int] | None:
    try:
        found = Path(name).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _read(endpoint: Endpoint) -> Certificates:
    found = Certificates(
        authority=_content(endpoint.certificate),
        key=_content(endpoint.client_key),
        chain=_content(endpoint.client_certificate),
        context=_context(endpoint.certificate),
    )
    if endpoint.client_certificate:
        _load_pair(found.context, endpoint.client_certificate, endpoint.client_key)
    return found


def _context(authority: str | None) -> ssl.SSLContext:
    try:
        return client_context(cafile=authority)
    except ssl.SSLError:
        raise _unusable("it holds no certificate", authority or "") from None


def _load_pair(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    try:
        show_pair(context, certificate, key)
    except EncryptedKeyError:
        reason = "the key is encrypted; write it without a password"
        raise _unusable(reason, key or certificate) from None
    except ssl.SSLError as error:
        reason = (error.reason or "no PEM").replace("_", " ").lower()
        raise _unusable(f"it is no certificate with its key: {reason}", certificate) from None


def _unusable(reason: str, name: str) -> OSError:
    return OSError(errno.EINVAL, reason, name)


def _content(name: str | None) -> bytes | None:
    return Path(name).read_bytes() if name else None


def tls_trouble(words: str, *, is_of_proxy: bool = False) -> str:
    """OpenSSL's words for a handshake that failed, in a sentence for who set the endpoint.

    `is_of_proxy`: it was one with the proxy.
    """
    peer, named = ("proxy", "proxy") if is_of_proxy else ("server", "endpoint")
    if _UNTRUSTED in words:
        _, _, why = words.partition(f"{_UNTRUSTED}")
        why = why.lstrip("]:").removeprefix(" certificate verify failed:").partition(" (_ssl")[0]
        return f"TLS: the {peer}'s certificate is not trusted ({_UNTRUSTED}:{why})"
    if found := [word for word in _NO_TLS if word in words]:
        where = "at the proxy" if is_of_proxy else "there"
        return f"no TLS {where} ({found[0]}); without TLS the {named} is http://"
    return f"TLS: {words}"
