"""Kubeconfig files, read and merged as kubectl does (client-go tools/clientcmd, 1.34).

kubernetes_asyncio's KubeConfigMerger lets the last current-context win, which may be another
cluster's, stumbles over empty files and nulls, and takes a relative exec command for one of the
working directory (36.1, config/kube_config.py).
"""

import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from event_tracer import EventTracerError
from event_tracer.runtime.go_yaml import first_document

_SHOWN = 5  # names of contexts in an error
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123; `..` would be a path's
PartT = TypeVar("PartT", bound="Part")


class ConnectionSettingsError(EventTracerError):
    """There are no credentials of a cluster; the message says which were tried."""


def _without_nulls(values: object) -> object:
    if not isinstance(values, dict):
        return values
    return {key: value for key, value in values.items() if value is not None}


class Part(BaseModel):
    """A part of a kubeconfig. What is null or unknown counts as absent, as in Go."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        strict=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )

    @model_validator(mode="before")
    @classmethod
    def _without_null_values(cls, values: object) -> object:
        return _without_nulls(values)


class Variable(Part):
    """One of an exec plugin's environment."""

    name: str
    value: str = ""


class Exec(Part):
    """An exec plugin."""

    api_version: str = Field("", alias="apiVersion")
    command: str = ""
    args: tuple[str, ...] = Field((), strict=False)
    env: tuple[Variable, ...] = Field((), strict=False)
    interactive_mode: str = Field("", alias="interactiveMode")
    provide_cluster_info: bool = Field(False, alias="provideClusterInfo")
    install_hint: str = Field("", alias="installHint")


class AuthProvider(Part):
    """A login that is built in."""

    name: str = ""
    config: Annotated[Mapping[str, str], BeforeValidator(_without_nulls)] = {}


class Extension(Part):
    """What a tool keeps beside a cluster."""

    name: str = ""
    extension: Any = None


class User(Part):
    """Who one is."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = Field("", alias="tokenFile")
    username: str = ""
    password: str = ""
    impersonate: str = Field("", alias="as")
    as_uid: str = ""
    as_groups: tuple[str, ...] = Field((), strict=False)
    as_user_extra: Mapping[str, list[str]] = {}
    auth_provider: AuthProvider | None = None
    exec: Exec | None = None


class Cluster(Part):
    """Where an API server is, and how to know it."""

    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: str = ""
    extensions: tuple[Extension, ...] = Field((), strict=False)


class Context(Part):
    """Which user of which cluster."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _NamedCluster(Part):
    name: str
    cluster: Cluster = Cluster()


class _NamedUser(Part):
    name: str
    user: User = User()


class _NamedContext(Part):
    name: str
    context: Context = Context()


class _File(Part):
    kind: str = "Config"
    current_context: str = ""
    clusters: tuple[_NamedCluster, ...] = Field((), strict=False)
    users: tuple[_NamedUser, ...] = Field((), strict=False)
    contexts: tuple[_NamedContext, ...] = Field((), strict=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A context with what it names. File names in it are absolute; `file` holds the user.

    `places` are all the files that were read, for people.
    """

    cluster: Cluster
    user: User
    namespace: str
    user_name: str
    file: Path | None
    places: str


class Kubeconfig:
    """Files that are merged: of each name, and for the current context, the first that has it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._places = os.pathsep.join(map(str, paths))
        self._current = ""
        self._clusters: dict[str, Cluster] = {}
        self._users: dict[str, tuple[User, Path]] = {}
        self._contexts: dict[str, Context] = {}
        for path in paths:
            self._add(path, _read(path))

    def _add(self, path: Path, file: _File) -> None:
        base = Path(os.path.abspath(path)).parent
        self._current = self._current or file.current_context
        for named in _each(file.clusters, path):
            self._clusters.setdefault(named.name, _cluster_at(base, named.cluster))
        for user in _each(file.users, path):
            self._users.setdefault(user.name, (_user_at(base, user.user), path))
        for context in _each(file.contexts, path):
            self._contexts.setdefault(context.name, context.context)

    def choose(self, name: str) -> Access:
        """The context of this name, or the current one. Raises ConnectionSettingsError."""
        name = name or self._current
        if not name:
            raise self._error(f"there is no current-context; name one by --context{self._known()}")
        context = self._contexts.get(name)
        if context is None:
            raise self._error(f"there is no context {name}{self._known()}")
        cluster = self._clusters.get(context.cluster)
        if cluster is None:
            raise self._error(f"the context {name} names a cluster that is not there")
        if not cluster.server:
            raise self._error(f"the cluster {context.cluster} has no server")
        if context.user and context.user not in self._users:
            raise self._error(f"the context {name} names a user that is not there")
        if context.namespace and not _NAMESPACE.fullmatch(context.namespace):
            raise self._error(f"the namespace of the context {name} is no namespace's name")
        user, file = self._users.get(context.user, (User(), None))
        return Access(
            cluster=cluster, user=user, namespace=context.namespace, user_name=context.user,
            file=file, places=self._places,
        )  # fmt: skip

    def _known(self) -> str:
        names = sorted(self._contexts)
        more = ", …" if len(names) > _SHOWN else ""
        return f"; there are: {', '.join(names[:_SHOWN])}{more}" if names else ""

    def _error(self, text: str) -> ConnectionSettingsError:
        return ConnectionSettingsError(f"cannot use {self._places}: {text}")


def load_yaml(path: Path) -> Any:
    """What a YAML file holds. Raises ConnectionSettingsError, which shows nothing of it."""
    try:
        content = _content(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConnectionSettingsError(f"cannot use {path}: {reason}") from None
    try:
        return first_document(content)
    except yaml.MarkedYAMLError as error:
        mark, last = error.problem_mark, len(content.splitlines())
        where = f", line {min(mark.line + 1, last)}" if mark else ""
        raise ConnectionSettingsError(f"cannot use {path}: it is no YAML{where}") from None
    except (yaml.YAMLError, ValueError):
        raise ConnectionSettingsError(f"cannot use {path}: it is no YAML") from None


def _content(path: Path) -> bytes:
    about = path.stat()
    if stat.S_ISREG(about.st_mode):
        return path.read_bytes()
    return _read_once(path, about.st_dev, about.st_ino)


@cache
def _read_once(path: Path, device: int, inode: int) -> bytes:
    """What comes out of a pipe, as of a shell's `<(...)`: it comes but once."""
    return path.read_bytes()


def _read(path: Path) -> _File:
    found = load_yaml(path)
    if found is None:
        return _File()  # an empty file
    try:
        file = _File.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        text = f"{first['msg'].lower()} ({where})" if where else "it is no kubeconfig"
        raise ConnectionSettingsError(f"cannot use {path}: {text}") from None
    if file.kind != "Config":
        raise ConnectionSettingsError(f"cannot use {path}: it is a {file.kind}, no kubeconfig")
    return file


NamedT = TypeVar("NamedT", _NamedCluster, _NamedUser, _NamedContext)


def _each(entries: Iterable[NamedT], path: Path) -> Iterable[NamedT]:
    known = set()
    for entry in entries:
        if entry.name in known:
            raise ConnectionSettingsError(f"cannot use {path}: {entry.name} is in it twice")
        known.add(entry.name)
        yield entry


def _cluster_at(base: Path, cluster: Cluster) -> Cluster:
    return _with_absolute(cluster, base, "certificate_authority")


def _user_at(base: Path, user: User) -> User:
    user = _with_absolute(user, base, "client_certificate", "client_key", "token_file")
    # A command without a slash is one of PATH (clientcmd/loader.go, GetAuthInfoFileReferences).
    if user.exec and os.sep in user.exec.command:
        user = user.model_copy(update={"exec": _with_absolute(user.exec, base, "command")})
    return user


def _with_absolute(part: PartT, base: Path, *names: str) -> PartT:
    given = {name: getattr(part, name) for name in names}
    return part.model_copy(
        update={name: os.path.normpath(base / text) for name, text in given.items() if text}
    )
