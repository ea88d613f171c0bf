"""An OIDC provider on the loop of the test: each of its refresh tokens may be used once."""

import base64
import json
from collections.abc import Mapping
from urllib.parse import parse_qs

from aiohttp import web

from tests.doubles.listener import Listener
from tests.scenarios.fields import Raw


def id_token(number: int, *, expires: float) -> str:
    """A token of three parts, whose claims need base64url: their bytes have its two letters."""
    claims = {"sub": "¿¿>>~~", "number": number, "exp": expires}
    parts = [b'{"alg":"none"}', json.dumps(claims, ensure_ascii=False).encode(), b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


class Provider(Listener):
    """Gives `refresh-1`, `refresh-2` and so on, where it `rotates`, for the one before."""

    def __init__(self, *, secret: str = "", rotates: bool = True, expires: float = 4e9) -> None:
        super().__init__()
        self.seen: list[str] = []
        """Refresh tokens, as they came."""
        self.logins: list[str] = []
        """The Authorization headers beside them, or the client_id of the form."""
        self.issued: list[str] = []
        """Id tokens."""
        self.methods: list[str] | None = None
        self.expires = expires
        self._secret, self._rotates = secret, rotates
        self._valid = "refresh-0"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def user(self, config: Mapping[str, str] | None = None, *, expired: bool = True) -> Raw:
        """A kubeconfig's user that is logged in here."""
        about = {
            "idp-issuer-url": self.url, "client-id": "kubectl", "refresh-token": "refresh-0",
            "id-token": id_token(0, expires=1 if expired else 4e9), **(config or {}),
        }  # fmt: skip
        return {"auth-provider": {"name": "oidc", "config": about}}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """What is said to a request."""
        if request.path == "/.well-known/openid-configuration":
            about: Raw = {"issuer": self.url, "token_endpoint": f"{self.url}/token"}
            if self.methods:
                about["token_endpoint_auth_methods_supported"] = self.methods
            return web.json_response(about)
        form = {
            key: one[0] for key, one in parse_qs((await request.content.read()).decode()).items()
        }
        self.seen.append(form.get("refresh_token", ""))
        self.logins.append(request.headers.get("authorization", form.get("client_id", "")))
        if form.get("refresh_token") != self._valid or form.get("grant_type") != "refresh_token":
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.issued.append(id_token(len(self.issued) + 1, expires=self.expires))
        given = {"id_token": self.issued[-1], "token_type": "Bearer"}
        if self._rotates:
            self._valid = given["refresh_token"] = f"refresh-{len(self.issued)}"
        return web.json_response(given)
