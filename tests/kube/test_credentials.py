"""Which cluster is spoken to, and what is said where there is none."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from event_tracer.kube.credentials import (
    is_in_cluster,
    own_namespace,
)
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.certificates import Authority
from tests.doubles.kubeconfigs import api_of, complaint, host, kubeconfig
from tests.doubles.virtual_time import run
from tests.scenarios.fields import Raw

pytestmark = pytest.mark.usefixtures("home")

LOADING = "kubernetes_asyncio.config.incluster_config"


@pytest.fixture
def pod(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same within a Pod."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "pod")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(f"{LOADING}.SERVICE_TOKEN_FILENAME", str(home / "token"))
    monkeypatch.setattr(f"{LOADING}.SERVICE_CERT_FILENAME", str(home / "ca.crt"))
    (home / "token").write_text("a")
    shutil.copy(Authority(home).certificate, home / "authority")
    (home / "authority").replace(home / "ca.crt")
    return home


def in_home(home: Path, server: str) -> None:
    """Write ~/.kube/config."""
    (home / ".kube").mkdir()
    kubeconfig(home / ".kube" / "config", server)


# -- which one


def test_the_kubeconfig_at_home_is_the_last_choice(home: Path) -> None:
    """~/.kube/config, as kubectl."""
    in_home(home, "http://home")

    assert host() == "http://home"


def test_in_a_pod_its_service_account_counts(pod: Path) -> None:
    """Before a kubeconfig at home: an image may have one."""
    in_home(pod, "http://home")

    assert host() == "https://pod:443"


def test_the_variable_counts_in_a_pod_too(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KUBECONFIG: who sets it means it."""
    monkeypatch.setenv("KUBECONFIG", kubeconfig(pod / "named", "http://variable"))

    assert host() == "http://variable"


@pytest.mark.parametrize("where", ["pod", "home"])
def test_an_empty_variable_is_none(
    where: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KUBECONFIG="" is as good as unset, as for kubectl."""
    in_home(request.getfixturevalue(where), "http://home")
    monkeypatch.setenv("KUBECONFIG", "")

    assert host() == ("https://pod:443" if where == "pod" else "http://home")


def test_the_flag_counts_before_all(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--kubeconfig over KUBECONFIG over the Pod."""
    monkeypatch.setenv("KUBECONFIG", kubeconfig(pod / "named", "http://variable"))

    assert host(kubeconfig(pod / "flag", "http://flag")) == "http://flag"


def test_a_context_is_chosen_by_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--context over current-context; over several files of KUBECONFIG, some of them missing."""
    first = kubeconfig(home / "first", "http://one", name="one")
    second = kubeconfig(home / "second", "http://two", name="two")
    places = [str(home / "missing"), first, "", second]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(places))

    assert host(context="one") == "http://one"
    assert host(context="two") == "http://two"


def test_a_context_may_lie_in_another_file_than_its_cluster(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of KUBECONFIG are merged, and what they name lies beside each."""
    (home / "sub").mkdir()
    (home / "sub" / "token").write_text("secret\n")
    about = {"context": {"cluster": "c", "user": "u"}, "name": "x"}
    parts: dict[str, Raw] = {
        "contexts": {"current-context": "x", "contexts": [about]},
        "clusters": {"clusters": [{"name": "c", "cluster": {"server": "http://merged"}}]},
        "sub/users": {"users": [{"name": "u", "user": {"tokenFile": "token"}}]},
    }
    for name, part in parts.items():
        (home / name).write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **part}))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(home / name) for name in parts))

    assert host() == "http://merged"


def test_a_token_file_may_end_in_a_newline(home: Path) -> None:
    """As editors and `echo` leave it; no header could hold one."""
    (home / "token").write_text("secret\n")

    async def main() -> None:
        async with ApiServer(is_secure=True) as server:
            server.tokens = {"secret"}
            path = kubeconfig(home / "config", server, user={"tokenFile": "token"})
            async with api_of(path) as api:
                assert await api.get("/version")

    run(main())


@pytest.mark.parametrize(
    ("variables", "flag", "wanted"),
    [
        ({}, "", False),
        ({"KUBERNETES_SERVICE_HOST": ""}, "", False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "", True),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "config", False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBECONFIG": "config"}, "", False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBECONFIG": ""}, "", True),
    ],
)
def test_others_can_ask_whether_it_is_the_pods(
    variables: dict[str, str], flag: str, wanted: bool
) -> None:
    """The checkpoint's place and the listening port depend on it."""
    assert is_in_cluster(variables, kubeconfig=flag) is wanted


def test_as_many_watches_as_there_are_namespaces(home: Path) -> None:
    """Each keeps a connection: the library's 100 would starve whatever comes after."""

    async def main() -> None:
        async def read(namespace: str) -> None:
            path = f"/api/v1/namespaces/{namespace}/events"
            query = {"watch": "true", "resourceVersion": "1"}
            async with api.open(path, query=query, idle_timeout=100) as response:
                await response.content.read()

        async with (
            ApiServer(is_secure=True) as server,
            api_of(kubeconfig(home / "a", server)) as api,
        ):
            reading = []
            for number in range(120):
                reading.append(asyncio.create_task(read(f"n{number}")))
                if number % 20 == 0:  # a listener takes about 100 that nobody has accepted yet
                    await asyncio.sleep(1)
            await asyncio.sleep(5)
            assert await api.get("/version")
            assert len(server.watches) == 120
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)

    run(main())


# -- what is missing


def test_without_any_the_choices_are_named(home: Path) -> None:
    """Where it was looked for, and what would do."""
    told = complaint()

    for part in (".kube/config", "--kubeconfig", "KUBECONFIG", "in a Pod"):
        assert part in told


def test_files_that_are_not_there_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the flag, or all of the variable."""
    assert "/nowhere/config" in complaint("/nowhere/config")
    monkeypatch.setenv("KUBECONFIG", f"/nowhere/a{os.pathsep}/nowhere/b")

    assert "/nowhere/a" in complaint()
    assert "/nowhere/b" in complaint()


def test_a_context_that_is_not_there_is_named(home: Path) -> None:
    """With the file in which it should be."""
    told = complaint(kubeconfig(home / "config", "http://x"), context="typo")

    assert "typo" in told
    assert str(home / "config") in told


@pytest.mark.parametrize("text", ["", "[", "a: b", "- a", "\0"])
def test_a_file_that_is_no_kubeconfig_is_named(home: Path, text: str) -> None:
    """Whatever is wrong with it: a sentence, not a traceback."""
    (home / "config").write_text(text)

    assert f"cannot use {home / 'config'}: " in complaint(str(home / "config"))


@pytest.mark.parametrize("name", ["ca.crt", "key.pem"])
def test_certificates_that_cannot_be_read_are_told(home: Path, name: str) -> None:
    """Missing, or no certificates."""
    cluster = {"certificate-authority": name}
    path = kubeconfig(home / "config", "https://x", cluster=cluster)
    assert name in complaint(path)
    (home / name).write_text("nonsense")

    assert f"cannot use {path}: " in complaint(path)


@pytest.mark.parametrize("name", ["token", "ca.crt"])
@pytest.mark.parametrize("text", [None, "", "nonsense"])
def test_a_service_account_that_cannot_be_used_is_told(
    pod: Path, name: str, text: str | None
) -> None:
    """By its file: with automountServiceAccountToken: false there is none (python 1331, 1027)."""
    if text is None:
        (pod / name).unlink()
    else:
        (pod / name).write_text(text)
    if (name, text) == ("token", "nonsense"):
        assert host() == "https://pod:443"  # only the API server knows
    else:
        told = complaint()
        assert "the Pod's ServiceAccount cannot be used: " in told
        assert str(pod / name) in told


def test_half_of_a_pods_address_is_told(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable that is missing, and what to do who is in no Pod (python 436)."""
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "")

    assert "KUBERNETES_SERVICE_PORT is not set; outside of a Pod unset" in complaint()


# -- the own namespace


def test_the_own_namespace_is_that_of_the_service_account(home: Path) -> None:
    """Empty outside of a Pod."""
    assert own_namespace() == ""
    (home / "namespace").write_text("tracing\n")

    assert own_namespace() == "tracing"


def test_the_own_namespace_may_be_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """POD_NAMESPACE, of the downward API, counts where no token is mounted."""
    (home / "namespace").write_text("other")
    monkeypatch.setenv("POD_NAMESPACE", "tracing")

    assert own_namespace() == "tracing"
