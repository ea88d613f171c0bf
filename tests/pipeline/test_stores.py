"""Where checkpoints are kept: files, and what a run makes of what it finds there."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from event_tracer.kube.client import Api, ApiError
from event_tracer.pipeline.checkpoint import (
    Checkpoint,
    CheckpointEncoder,
    CheckpointError,
)
from event_tracer.pipeline.stores import (
    ConfigMapStore,
    FileStore,
    Store,
    load_checkpoint,
    open_store,
)
from tests.doubles.apiserver.server import CLUSTER

FULL = Path("/dev/full")


def dumped(checkpoint: Checkpoint) -> bytes:
    """Its bytes."""
    return CheckpointEncoder().encode(checkpoint)[0]


async def _nowhere() -> None:
    raise ApiError("there is no API server")


NO_API = Api(_nowhere)  # type: ignore[arg-type]


def written(store: Store) -> bytes | None:
    """What it holds."""
    return asyncio.run(store.read())


def error_of(ask: Callable[[], Awaitable[object]]) -> CheckpointError:
    """What is told."""

    async def asking() -> object:
        return await ask()

    with pytest.raises(CheckpointError) as caught:
        asyncio.run(asking())
    return caught.value


# -- files


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """What was written last is read, and nothing else lies beside it."""
    store = FileStore(tmp_path / "saved")
    assert written(store) is None

    for data in (b"one", b"", bytes(1_000_000), b"two"):
        asyncio.run(store.write(data))
        assert written(store) == data
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_a_probe_leaves_all_as_it_is(tmp_path: Path) -> None:
    """It tells whether a write would do, and does none."""
    store = FileStore(tmp_path / "saved")
    asyncio.run(store.check_writable())
    assert list(tmp_path.iterdir()) == []

    asyncio.run(store.write(b"one"))
    asyncio.run(store.check_writable())
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"one"]


class KilledError(BaseException):
    pass


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_crash_leaves_the_old_one(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 amid a write: the last checkpoint is whole, and the next run writes again."""

    def killed(*_: object) -> None:
        raise KilledError

    store = FileStore(tmp_path / "saved")
    asyncio.run(store.write(b"old"))
    with monkeypatch.context() as patch:
        patch.setattr(step, killed)
        with pytest.raises(KilledError):
            asyncio.run(store.write(b"new"))
    assert written(store) == b"old"

    asyncio.run(store.check_writable())
    asyncio.run(store.write(b"newer"))
    assert written(store) == b"newer"


def test_it_is_on_the_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rename(2) alone may survive a power failure that its file's content does not."""
    synced: list[bytes] = []

    def fsync(file: int) -> None:
        synced.append(os.pread(file, 100, 0))
        assert not (tmp_path / "saved").exists()

    monkeypatch.setattr("os.fsync", fsync)
    monkeypatch.setattr(Path, "open", lambda path, _: open(path, "w+b"))  # noqa: SIM115
    asyncio.run(FileStore(tmp_path / "saved").write(b"all of it"))

    assert synced == [b"all of it"]


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_may_get_room_again(tmp_path: Path) -> None:
    """ENOSPC is not final; the old checkpoint stays until there is room."""
    store = FileStore(tmp_path / "saved")
    asyncio.run(store.write(b"old"))
    (tmp_path / "saved.part").symlink_to(FULL)
    error = error_of(lambda: store.write(b"new"))
    assert (error.is_final, written(store)) == (False, b"old")
    assert str(error) == f"cannot write {tmp_path}/saved: no space left on device"

    (tmp_path / "saved.part").unlink()
    asyncio.run(store.write(b"new"))
    assert written(store) == b"new"


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    """ReorderBuffer is of no use; the sentence names the file."""
    store = FileStore(tmp_path / "nowhere" / "saved")
    assert written(store) is None

    for ask in (store.check_writable, lambda: store.write(b"x")):
        error = error_of(ask)
        assert error.is_final
        assert str(error) == f"cannot write {tmp_path}/nowhere/saved: no such file or directory"


def test_a_path_that_cannot_be_is_a_mistake(tmp_path: Path) -> None:
    """A folder by that name, or a file where a folder should be."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for name in ("folder", "file/saved"):
        store = FileStore(tmp_path / name)
        for ask in (store.read, lambda at=store: at.write(b"x")):
            assert error_of(ask).is_final


def test_what_is_no_plain_file_is_never_replaced(tmp_path: Path) -> None:
    """A pipe has no end to read, and root's rename would put a file in the place of /dev/null."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        store = FileStore(tmp_path / name)
        for ask in (store.read, lambda at=store: at.write(b"x")):
            assert error_of(ask).is_final
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do anything")
def test_what_may_not_be_written_is_a_mistake(tmp_path: Path) -> None:
    """Permissions do not mend themselves."""
    tmp_path.chmod(0o500)
    store = FileStore(tmp_path / "saved")

    for ask in (store.check_writable, lambda: store.write(b"x")):
        assert error_of(ask).is_final


# -- what a run begins with


def saved(path: Path, data: bytes) -> FileStore:
    """A file that holds these bytes."""
    path.write_bytes(data)
    return FileStore(path)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error."""
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]


def test_without_a_store_or_a_checkpoint_it_begins_anew(tmp_path: Path) -> None:
    """Both are no mistake."""
    for store in (None, FileStore(tmp_path / "saved")):
        found = asyncio.run(load_checkpoint(store, cluster_uid=CLUSTER))
        assert found == Checkpoint(cluster_uid=CLUSTER)


@pytest.mark.parametrize(("own", "its"), [(CLUSTER, CLUSTER), ("", CLUSTER), (CLUSTER, "")])
def test_a_checkpoint_is_gone_on_from(
    own: str, its: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of this cluster, or where either of the two is not known."""
    made = Checkpoint(cluster_uid=its, events={"": "77"})
    store = saved(tmp_path / "saved", dumped(made))

    found = asyncio.run(load_checkpoint(store, cluster_uid=own))
    assert found == replace(made, cluster_uid=CLUSTER)
    assert told(caplog) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            CheckpointEncoder().encode(Checkpoint(cluster_uid="another", events={"": "77"}))[0],
            "of another cluster",
        ),
        (CheckpointEncoder().encode(Checkpoint(version=2))[0], "of no use"),
        (CheckpointEncoder().encode(Checkpoint(events={"": "77"}))[0][:-9], "of no use"),
        (b"something else", "of no use"),
        (b"", "of no use"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_left_aside(
    data: bytes, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Told once; it lies there until the first of this run's is written."""
    store = saved(tmp_path / "saved", data)

    assert asyncio.run(load_checkpoint(store, cluster_uid=CLUSTER)) == Checkpoint(
        cluster_uid=CLUSTER
    )
    assert [message in line for line in told(caplog)] == [True]
    assert written(store) == data


def test_a_mistake_is_told_at_once(tmp_path: Path) -> None:
    """That nothing can be written is known before anything is read from the cluster."""
    store = FileStore(tmp_path / "nowhere" / "saved")

    assert error_of(lambda: load_checkpoint(store, cluster_uid=CLUSTER)).is_final


# -- which store


@pytest.fixture(autouse=True)
def outside_of_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set."""
    for name in ("KUBERNETES_SERVICE_HOST", "KUBECONFIG", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)


def named(where: str, *, kubeconfig: str = "") -> str:
    """The store that a setting names, for people."""
    return str(open_store(where, api=NO_API, kubeconfig=kubeconfig))


def test_auto_is_a_config_map_in_a_pod_and_nothing_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A Pod has a namespace of its own, and no disk; one that names a kubeconfig is no Pod."""
    assert named("auto") == "None"

    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("POD_NAMESPACE", "ops")
    assert named("auto") == "ConfigMap ops/event-tracer"
    assert named("auto", kubeconfig="mine") == "None"
    assert named("none") == "None"


def test_a_store_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ConfigMap by `configmap` or `configmap/NAME`, anything else is a file."""
    monkeypatch.setenv("POD_NAMESPACE", "ops")

    assert named("none") == "None"
    assert named("configmap") == "ConfigMap ops/event-tracer"
    assert named("configmap/mine") == "ConfigMap ops/mine"
    assert named("saved.gz") == "saved.gz"
    assert named("/var/lib/configmap") == "/var/lib/configmap"
    assert isinstance(open_store("./configmap", api=NO_API, kubeconfig=""), FileStore)
    assert isinstance(open_store("configmap", api=NO_API, kubeconfig=""), ConfigMapStore)


def test_a_config_map_needs_a_namespace() -> None:
    """Outside of a Pod it is nobody's; the sentence tells what to set."""
    with pytest.raises(CheckpointError, match="POD_NAMESPACE") as caught:
        open_store("configmap", api=NO_API, kubeconfig="")
    assert caught.value.is_final
