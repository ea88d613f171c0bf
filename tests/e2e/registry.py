"""A registry of images on loopback: one layer each, made here, for a container runtime to pull."""

import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def busybox(binary: Path = Path("/bin/busybox")) -> bytes:
    """A layer with nothing but a static busybox and its names (Debian's busybox-static)."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name in ("bin", "tmp", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        tar.add(binary, "bin/busybox")
        for name in ("sh", "sleep", "false", "true", "echo", "rm", "test", "touch", "cat"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return made.getvalue()


class Registry:
    """Serves what was pushed: `host/name:tag`, by the OCI distribution API's two GETs."""

    def __init__(self) -> None:
        self._blobs: dict[str, tuple[str, bytes]] = {}
        self._tags: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Serve, in a thread."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()

    def push(
        self, name: str, layer: bytes, *, command: Iterable[str], user: str = "",
        environ: Iterable[str] = ("PATH=/bin",),
    ) -> str:  # fmt: skip
        """Keep an image of one layer (a tar) and give its whole name; `name` has a tag."""
        packed = gzip.compress(layer, compresslevel=1, mtime=0)
        config = {
            "architecture": "amd64", "os": "linux",
            "config": {"Entrypoint": list(command), "User": user, "Env": list(environ)},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }  # fmt: skip
        manifest = {
            "schemaVersion": 2, "mediaType": _MANIFEST,
            "config": self._blob(_CONFIG, json.dumps(config).encode()),
            "layers": [self._blob(_LAYER, packed)],
        }  # fmt: skip
        kept = self._blob(_MANIFEST, json.dumps(manifest).encode())
        self._tags[name] = str(kept["digest"])
        return f"{self.host}/{name}"

    def _blob(self, kind: str, data: bytes) -> dict[str, object]:
        self._blobs[_digest(data)] = (kind, data)
        return {"mediaType": kind, "digest": _digest(data), "size": len(data)}

    def _find(self, path: str) -> tuple[str, str, bytes] | None:
        repository, _, reference = path.removeprefix("/v2/").rpartition("/")
        name = repository.rpartition("/")[0]
        digest = self._tags.get(f"{name}:{reference}", reference)
        return (digest, *self._blobs[digest]) if digest in self._blobs else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def _answer(self, *, with_body: bool) -> None:
                found = registry._find(self.path)
                is_root = self.path == "/v2/"
                self.send_response(200 if found or is_root else 404)
                digest, kind, body = found or ("", "application/json", b"{}")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Docker-Content-Digest", digest)
                self.end_headers()
                if with_body:
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
