"""TLS as kubectl does it, from files and from the data of a kubeconfig.

kubernetes_asyncio writes such data to files of /tmp, a private key too: they stay after SIGKILL,
and once tmpfiles.d has removed them, "File does not exists" is the end of each new login (36.1,
config/kube_config.py, FileOrData). Here a key is on disk for as long as it takes to load it.
"""

import base64
import binascii
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from event_tracer.kube.kubeconfig import ConnectionSettingsError
from event_tracer.runtime.tls import EncryptedKeyError, client_context, show_pair

_BEGIN = ("-----BEGIN", "LS0tLS1CRUdJTi")
"""Of PEM, and of its base64: no error may show a key that stands where its file's name should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pem:
    """Certificates or a key: a file, or the data itself, which counts first."""

    name: str
    """What it is, for people."""
    file: str = ""
    data: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.file or self.data)

    def __str__(self) -> str:
        return self.name if self.data else self.file


def pem(name: str, *, file: str, data: str) -> Pem:
    """Of a kubeconfig's two entries. Raises ConnectionSettingsError for data of no base64."""
    if any(start in file for start in _BEGIN):
        wanted = name.removesuffix("-data")
        raise ConnectionSettingsError(f"{wanted} is no file's name, but what would be in one")
    try:
        return Pem(
            name=name, file=file, data=base64.b64decode("".join(data.split()), validate=True)
        )
    except (binascii.Error, ValueError):
        raise ConnectionSettingsError(f"{name} is no base64") from None


def tls_context(authority: Pem, *, is_verified: bool = True) -> ssl.SSLContext:
    """A context that trusts an authority, or those of the system.

    Raises ConnectionSettingsError where that cannot be read.
    """
    try:
        context = _trusting(authority)
    except ssl.SSLError:
        raise ConnectionSettingsError(f"{authority} holds no certificate") from None
    except OSError as error:
        raise _unreadable(authority.file, error) from None
    if not is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _trusting(authority: Pem) -> ssl.SSLContext:
    if authority.data:
        text = authority.data.decode("ascii", "ignore")  # comments may be in any letters
        return client_context(cadata=text)
    return client_context(cafile=authority.file or None)


def load_pair(context: ssl.SSLContext, certificate: Pem, key: Pem) -> None:
    """Show this certificate. Raises ConnectionSettingsError where it cannot be used."""
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(_file_of(each)) for each in (certificate, key)]
            show_pair(context, files[0], files[1])
    except EncryptedKeyError:
        raise ConnectionSettingsError(
            f"{key} is encrypted, for which kubectl has no password either"
        ) from None
    except ssl.SSLError as error:
        reason = (error.reason or "no PEM").replace("_", " ").lower()
        raise ConnectionSettingsError(
            f"{certificate} and {key} are no certificate and its key: {reason}"
        ) from None
    except OSError as error:
        raise _unreadable(str(error.filename or certificate), error) from None


def _unreadable(name: str, error: OSError) -> ConnectionSettingsError:
    return ConnectionSettingsError(f"cannot read {name}: {(error.strerror or str(error)).lower()}")


@contextmanager
def _file_of(part: Pem) -> Iterator[str]:
    if not part.data:
        yield _readable(part)
        return
    descriptor, name = tempfile.mkstemp()  # OpenSSL takes nothing but files
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(part.data)
        yield name
    finally:
        os.unlink(name)


def _readable(part: Pem) -> str:
    with Path(part.file).open("rb"):  # OpenSSL's error would not name it
        return part.file
