"""The command line: what cannot be meant, and what cannot work here."""

from pathlib import Path

import pytest

from event_tracer.cli.main import FAILED, USAGE
from tests.doubles.kubeconfigs import kubeconfig
from tests.scenarios.folding import Run


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--watch-namespaces", "Bad_Name"], "no namespace can be called Bad_Name"),
        (["run", "--queue-size", "0"], "--queue-size: input should be greater than or equal to 1"),
        (["run", "--queue-size", "many"], "--queue-size: input should be a valid integer"),
        (["run", "--grace-period", "0"], "--grace-period: input should be greater than 0"),
        (["run", "--bind-address", "8080"], "'8080' is no address: it is like :8080"),
        (["run", "--bind-address", ":66000"], "':66000' is no address"),
        (["run", "--redact", "("], "( is no regular expression"),
        (["run", "--to", "jaeger"], "argument --to: invalid choice: 'jaeger'"),
        (["run", "--to", "none"], "--to none sends nothing anywhere; give --ui, to look at it"),
        (["run", "--ui", "here"], "'here' is no address: it is like :8080"),
        (["run", "--ui", "66000"], "'127.0.0.1:66000' is no address"),
        (["run", "--start", "then"], "argument --start: invalid choice: 'then'"),
        (["run", "--leader-elect", "--checkpoint", "none"], "a checkpoint that all replicas share"),
        (["check", "--leader-elect", "--checkpoint", "./x"], "configmap or configmap/NAME"),
        (["run", "--lease", "A/b"], "'A/b' is no name of an object in Kubernetes"),
        (["run", "--lease-duration", "2"], "--lease-duration: input should be greater than"),
        (["run", "--kind", "deplyment"], "did you mean Deployment?"),
        (["run", "file.json"], "unrecognized arguments: file.json"),
        (["run", "--status", "half"], "argument --status: invalid choice: 'half'"),
        (["record", "--status-kinds", "a/b", "x"], "no kind can be called a/b"),
        (["run", "--shift-to-now"], "unrecognized arguments: --shift-to-now"),
        (["record"], "name the FILE to write, or - for standard output"),
        (["record", "--redact", "[", "x"], "[ is no regular expression"),
        (["record", "one", "two"], "unrecognized arguments: two"),
        (["check", "--log-level", "loud"], "argument --log-level: invalid choice: 'loud'"),
        (["check", "--watch-namespaces", "a.b"], "no namespace can be called a.b"),
        (["show", "--since", "long"], "'long' is no duration: it is like 90s, 30m or 1h30m"),
        (["show", "--follow", "-o", "json"], "--follow draws; it has no --output json"),
        (["show", "--follow", "--exit-code"], "--follow goes on for ever; `event-tracer wait`"),
        (["run", "-n", "shop"], "--watch-namespaces shop reads that namespace alone; --namespace"),
        (["run", "-A"], "without --watch-namespaces all namespaces are read"),
        (["record", "-n", "shop", "x"], "--watch-namespaces shop reads that namespace alone"),
        (["check", "-A"], "there is no -A here: without --watch-namespaces all"),
        (["show", "--html", "x", "-f"], "--html writes one page; it goes with neither --follow"),
        (["show", "-n", "A_b"], "no namespace can be called A_b"),
        (["show", "a/b/c"], "'a/b/c' names no object: it is like deployment/web"),
        (["show", "--width", "-1"], "--width: input should be greater than or equal to 0"),
        (["show", "-l", "app=web"], "-l chooses among all objects of a kind: name the kind alone"),
        (["show", "deploy/web", "-l", "app=web"], "name the kind alone, as in deployments -l a=b"),
        (["show", "deploy/web", "api"], "'api' names no object: it is like deployment/web"),
        (["link", "deploy/web", "deploy/api"], "names several objects; name one"),
        (["explain", "deploy/web", "sts/db", "-f", "x"], "names several objects; name one"),
        (["explain", "--max-bytes", "100"], "--max-bytes: input should be greater than or equal"),
        (["wait"], "name an object, as deployment/web"),
        (["wait", "deploy/web", "--timeout", "soon"], "'soon' is no duration"),
        (["link"], "name an object, as deployment/web"),
        (["link", "deploy"], "name one object, as deployment/web"),
        (["link", "deploy/web", "--jaeger-url", "jaeger"], "'jaeger' is no URL"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], told: str, run: Run) -> None:
    """Exit code 2 before anything is done, and one sentence below the usage."""
    code, out, err = run(*arguments)
    usage, sentence, *more = err.splitlines()

    assert (code, out, more) == (USAGE, "", [])
    assert usage.startswith(f"usage: event-tracer {arguments[0]} [OPTION ...]")
    assert sentence.startswith(f"event-tracer {arguments[0]}: error: ")
    assert told in sentence


def test_a_variable_that_cannot_be_meant_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is written, not as a flag that nobody gave."""
    monkeypatch.setenv("EVENT_TRACER_QUEUE_SIZE", "-1")
    code, _, err = run("run")

    assert code == USAGE
    assert "EVENT_TRACER_QUEUE_SIZE: input should be greater than or equal to 1" in err


def test_the_file_may_be_named_by_a_variable(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """EVENT_TRACER_CONFIG, as an image sets it; --config wins."""
    config = tmp_path / "settings.yaml"
    config.write_text("queue_size: 0\n")
    monkeypatch.setenv("EVENT_TRACER_CONFIG", str(config))

    assert f"{config}: queue_size: input should be greater" in run("run")[2]
    assert "cannot read nowhere.yaml" in run("run", "--config", "nowhere.yaml")[2]


@pytest.mark.parametrize("text", ["a: 2020-99-99", "[" * 5000, "a: [", "\0", "- a"])
def test_a_file_of_settings_that_is_none_is_named(text: str, run: Run, tmp_path: Path) -> None:
    """Whatever a YAML parser raises."""
    config = tmp_path / "settings.yaml"
    config.write_text(text)
    code, _, err = run("replay", "--config", str(config))

    assert code == USAGE
    assert str(config) in err.splitlines()[-1]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig, which nothing names; at home there is none."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "kubeconfig"
    kubeconfig(path, "http://127.0.0.1:9", user={"token": "hunter2"})
    return path


@pytest.mark.usefixtures("config", "_logging_as_it_was")
@pytest.mark.parametrize(
    "command", [["run"], ["record", "out.jsonl"], ["show"], ["link", "deploy/web"]]
)
@pytest.mark.parametrize("named", ["", "--kubeconfig", "KUBECONFIG"])
def test_without_a_kubeconfig_it_says_where_it_looked(
    command: list[str], named: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, and one sentence; nothing is written."""
    place = str(tmp_path / (".kube/config" if not named else "mine"))
    monkeypatch.chdir(tmp_path)
    if named == "KUBECONFIG":
        monkeypatch.setenv(named, place)
    code, out, err = run(*command, *([named, place] if named.startswith("--") else []))

    assert (code, out) == (FAILED, "")
    assert err.startswith(f"event-tracer: no kubeconfig at {place}; ")
    assert len(err.splitlines()) == 1
    assert not Path("out.jsonl").exists()


@pytest.mark.usefixtures("_logging_as_it_was")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--checkpoint", "configmap"], "--checkpoint configmap needs a Pod's own namespace"),
        (["--leader-elect"], "--leader-elect needs a Pod's own namespace; set POD_NAMESPACE"),
        (["--context", "there"], "there is no context there; there are: here"),
    ],
)
def test_what_cannot_work_here_is_told(
    arguments: list[str], told: str, run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1 before anything is asked of a cluster, and one sentence."""
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    code, out, err = run("run", "--kubeconfig", str(config), *arguments)

    assert (code, out) == (FAILED, "")
    assert err.startswith("event-tracer: ")
    assert told in err
    assert len(err.splitlines()) == 1


@pytest.mark.usefixtures("_logging_as_it_was")
@pytest.mark.parametrize("broken", [": y", "}", "\tx: [", "}]\nusers: ["])
def test_a_broken_kubeconfig_is_told_without_its_secrets(
    broken: str, run: Run, config: Path
) -> None:
    """Its name and what is wrong with it, never the line."""
    config.write_text(f"users: [{{name: me, user: {{token: hunter2 {broken}}}}}]\n")
    code, out, err = run("record", "--kubeconfig", str(config), "-")

    assert code == FAILED
    assert str(config) in err
    assert "hunter2" not in out + err
    assert "Traceback" not in err
