"""Whom a TLS client trusts, and what it shows."""

import ssl


class EncryptedKeyError(Exception):
    """A client's key needs a password, which nobody has given."""


def client_context(*, cafile: str | None = None, cadata: str | None = None) -> ssl.SSLContext:
    """A context that trusts an authority, or those of the system. Raises OSError, SSLError.

    Python 3.13's default asks for RFC 5280 to the letter, as gRPC, Go and kubectl do not: EKS's
    authority has no Authority Key Identifier, some private ones no Key Usage (kubernetes_asyncio's
    issue 349). And before 3.13 it trusts roots alone, where these trust what they are given: an
    authority below another one (X509_V_FLAG_PARTIAL_CHAIN; Go's crypto/x509, verify.go).
    """
    context = ssl.create_default_context(cafile=cafile, cadata=cadata)
    be_lenient(context)
    return context


def be_lenient(context: ssl.SSLContext) -> None:
    """Have a context take what kubectl takes."""
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def show_pair(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    """Show this certificate of two files, or of one that holds both.

    Raises EncryptedKeyError, OSError, SSLError.
    """

    def no_password() -> str:  # else OpenSSL would ask the terminal for one
        raise EncryptedKeyError

    context.load_cert_chain(certificate, key, password=no_password)
