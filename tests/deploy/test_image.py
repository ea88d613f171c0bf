"""The image and what runs it: what can be seen without a container engine."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests import ROOT
from tests.scenarios.folding import RECORDINGS

EXACT = re.compile(r"(python):\d+\.\d+\.\d+-slim-[a-z]+")
COMPOSE = ROOT / "docker-compose.jaeger.yaml"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, in order, without comments and broken lines."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line]
    return [(word, " ".join(rest.split())) for word, _, rest in lines]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def compose() -> dict[str, Any]:
    """The services of the compose file."""
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return services


def test_the_image_starts_a_run_as_nobody() -> None:
    """A number for a user: the kubelet must see that it is not root's."""
    build, final = stages()
    last = dict(final)

    assert (last["USER"], last["ENTRYPOINT"]) == ("65532:65532", '["event-tracer"]')
    assert last["CMD"] == '["run"]'
    assert "org.opencontainers.image.licenses" in last["LABEL"]
    bases = {stage[0][1].partition(" AS ")[0] for stage in (build, final)}
    assert len(bases) == 1
    assert EXACT.fullmatch(bases.pop())


def test_nothing_that_builds_is_in_the_image() -> None:
    """It takes the environment of the first stage, and removes pip and what came with it."""
    _, final = stages()
    copied = [rest for word, rest in final if word == "COPY"]
    (removal,) = [rest for word, rest in final if word == "RUN"]

    assert copied == ["--from=build /opt/event-tracer /opt/event-tracer"]
    assert re.match(r"pip uninstall .*\bpip\b", removal)


def test_the_build_sees_what_it_copies() -> None:
    """And nothing else: .dockerignore lets those through alone."""
    build, _ = stages()
    copied = {
        name for word, rest in build if word == "COPY" for name in rest.split()[:-1]
    }  # the last is where to
    let_in = (ROOT / ".dockerignore").read_text().splitlines()

    assert {line[1:] for line in let_in if line.startswith("!")} == copied
    assert let_in[0] == "*"


@pytest.fixture
def _no_authorities() -> None:
    """Here pip downloads, and needs them."""


@pytest.mark.skipif("CI" not in os.environ, reason="takes half a minute, downloads 20 MB; CI does")
def test_the_steps_of_the_build_work(tmp_path: Path) -> None:
    """In a folder instead of a container, with this Python; a compiled core says the same bytes."""
    (tmp_path / "src").mkdir()
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "python"], check=True)
    path = f"{tmp_path / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    build, _ = stages()
    for word, rest in build:
        if word == "COPY":
            for name in rest.split()[:-1]:
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, tmp_path / "src" / name)
        elif word == "RUN" and not rest.startswith("apt-get"):  # the machine has a compiler
            step = re.sub(r"(?<= )/(wheels|opt)", rf"{tmp_path}/\1", rest)
            environment = os.environ | {"PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
            subprocess.run(step, shell=True, cwd=tmp_path / "src", env=environment, check=True)

    installed = tmp_path / "opt" / "event-tracer"
    recordings = sorted(RECORDINGS.glob("*.jsonl"))
    own = Path(sys.executable).parent / "event-tracer"
    compiled, source = (
        subprocess.run(
            [program, "replay", "--to=otlp-json", *recordings], capture_output=True, check=True
        )
        for program in (installed / "bin" / "event-tracer", own)
    )
    packages = {path.name for path in installed.glob("lib/python*/site-packages/*")}

    assert {"event_tracer", "grpc", "kubernetes_asyncio"} <= packages
    assert not {"pip", "setuptools", "hatchling", "mypy", "pathspec", "tests"} & packages
    assert list(installed.glob("lib/python*/site-packages/event_tracer/core/story.*.so"))
    assert compiled.stdout == source.stdout
    _comes_back(installed)


def _comes_back(installed: Path) -> None:
    """Law 9: a compiled core reads what it has written, or each restart begins anew."""
    code = (
        "from event_tracer.core.story import Stories\n"
        "from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointEncoder, decode\n"
        "from event_tracer.recording.reader import items\n"
        "import sys\n"
        "stories = Stories(cluster_uid='7')\n"
        "found = items(sys.argv[1:], stdin=sys.stdin.buffer, on_problem=print)\n"
        "spans = [span for item in found for span in stories.feed(item)]\n"
        "objects = tuple(span for span in spans if span.kind == 'object')\n"
        "made = Checkpoint(spans=objects, state=stories.state())\n"
        "assert objects and made.state.unsettled and made.state.tombstones\n"
        "assert decode(CheckpointEncoder().encode(made)[0]) == made\n"
    )
    recording = RECORDINGS / "changes.jsonl"
    command = [str(installed / "bin" / "python"), "-c", code, str(recording)]
    subprocess.run(command, check=True)


def test_all_that_is_compiled_is_there() -> None:
    """A module that was renamed would be left out without a word."""
    hook = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name in hook["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]["include"]:
        assert (ROOT / name[1:]).is_file()


def test_jaeger_is_for_this_machine_alone() -> None:
    """Its ports are bound to 127.0.0.1, its configuration is there, its version is exact."""
    jaeger = compose()["jaeger"]

    assert re.fullmatch(r"jaegertracing/jaeger:2\.\d+\.\d+", jaeger["image"])
    assert {port.rpartition(":")[2] for port in jaeger["ports"]} == {"16686", "4317", "4318"}
    assert all(port.startswith("127.0.0.1:") for port in jaeger["ports"])
    source = jaeger["volumes"][0].partition(":")[0]
    assert (ROOT / source).is_file()


def test_jaeger_acknowledges_what_is_stored() -> None:
    """No processor is between the receiver and a storage on the disk."""
    config = yaml.safe_load((ROOT / "docker/jaeger.yaml").read_text())
    badger = config["extensions"]["jaeger_storage"]["backends"]["badger"]["badger"]

    assert config["service"]["pipelines"] == {
        "traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}
    }
    assert (badger["ephemeral"], badger["consistency"]) == (False, True)


def test_all_run_the_same_image() -> None:
    """The manifests, and the bridge beside Jaeger, which is there if it is asked for."""
    bridge = compose()["event-tracer"]
    base = yaml.safe_load((ROOT / "manifests/base/kustomization.yaml").read_text())
    (image,) = base["images"]

    assert bridge["image"] == f"{image['newName']}:{image['newTag']}"
    assert bridge["profiles"] == ["bridge"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/workflows").glob("*")), ids=lambda p: p.stem
)
def test_workflows_may_little_and_are_pinned(path: Path) -> None:
    """Nothing is granted to all jobs but to read; each action has a version."""
    workflow = yaml.safe_load(path.read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]

    assert set(workflow["permissions"].values()) <= {"read"}
    for step in steps:
        assert "uses" not in step or re.fullmatch(r"[\w/-]+@v\d+\.\d+\.\d+", step["uses"])
