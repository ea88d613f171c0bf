"""The command line: which commands there are, their help, and where options come from."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from event_tracer.cli import COMMANDS, FAILED, GOOD, GROUPS, USAGE
from event_tracer.live_settings import CheckSettings, RecordSettings, RunSettings
from event_tracer.loading import MODELS, all_fields, load
from event_tracer.replay_settings import ReplaySettings
from event_tracer.settings import PREFIX, BaseOptions
from tests.support import Run

VALUES: dict[str, tuple[str, Any]] = {
    "all_namespaces": ("true", True),
    "bind_address": ("127.0.0.1:9090", "127.0.0.1:9090"),
    "checkpoint": ("configmap/mine", "configmap/mine"),
    "cluster_name": ("prod", "prod"),
    "cluster_uid": ("c1", "c1"),
    "context": ("prod", "prod"),
    "exclude_kind": ("node", ("Node",)),
    "exclude_namespace": ("c,d", ("c", "d")),
    "exclude_reason": ("Pulled,Created", ("pulled", "created")),
    "exclude_type": ("normal", ("Normal",)),
    "fold": ("false", False),
    "follow": ("true", True),
    "grace_period": ("2.5", 2.5),
    "jaeger_url": ("https://jaeger.example.org/", "https://jaeger.example.org"),
    "kind": ("job,po", ("Job", "Pod")),
    "kubeconfig": ("/etc/config", "/etc/config"),
    "last": ("3", 3),
    "label_attributes": ("team,tier", ("team", "tier")),
    "leader_elect": ("true", True),
    "lease": ("mine", "mine"),
    "lease_duration": ("30", 30),
    "log_format": ("console", "console"),
    "log_level": ("debug", "debug"),
    "namespace": ("a,b", ("a", "b")),
    "namespace_on_resource": ("true", True),
    "namespaces": ("a,b", ("a", "b")),
    "output": ("wide", "wide"),
    "output_file": ("/tmp/out.json", Path("/tmp/out.json")),
    "queue_size": ("7", 7),
    "reason": ("Started", ("started",)),
    "redact": (r"a{1,2}", (r"a{1,2}",)),
    "same_host": ("false", False),
    "service_name_template": ("k8s {component}", "k8s {component}"),
    "shift_to_now": ("true", True),
    "since": ("30m", "30m"),
    "span_names": ("full", "full"),
    "start": ("now", "now"),
    "status_by_reason": ("Unhealthy=unset", {"Unhealthy": "unset"}),
    "to": ("sdk", "sdk"),
    "type": ("warning", ("Warning",)),
    "utc": ("true", True),
    "warnings": ("true", True),
    "width": ("99", 99),
}
"""What may be said of each option, and what it means; never the default."""
NEEDS = {"output_file": {"to": "otlp-json"}}
OPTIONS = [(model, name) for model in MODELS.values() for name in model.model_fields]


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def test_the_commands_are_listed(run: Run) -> None:
    """Each with a line of what it does."""
    code, out, _ = run("--help")
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("    ")]

    assert code == GOOD
    assert {"run", "replay", "record", "check", "show", "link"} <= set(listed)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_page_and_names_every_option(command: str, run: Run) -> None:
    """At 100 columns no line is longer, and no option is missing."""
    code, out, _ = run(command, "--help", columns=100)
    words = out.replace(",", " ").split()

    assert code == GOOD
    assert max(map(len, out.splitlines())) <= 100
    for name in MODELS[COMMANDS[command].settings].model_fields:
        assert f"--{name.replace('_', '-')}" in words


@pytest.mark.parametrize(("model", "name"), OPTIONS)
def test_each_option_has_a_variable(
    model: type[BaseOptions], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EVENT_TRACER_<OPTION> says the same as --option."""
    said, meant = VALUES[name]
    needs = NEEDS.get(name, {})
    by_flag = load(model, flags={name: said, **needs}, config=None)
    monkeypatch.setenv(PREFIX + name.upper(), said)
    by_variable = load(model, flags=needs, config=None)

    assert getattr(by_variable, name) == meant != model.model_fields[name].default
    assert by_variable.model_dump() == by_flag.model_dump()


@pytest.mark.parametrize(("model", "name"), OPTIONS)
def test_each_option_may_stand_in_a_file(
    model: type[BaseOptions], name: str, tmp_path: Path
) -> None:
    """Written as on the command line, without its dashes in front."""
    said, meant = VALUES[name]
    config = tmp_path / "settings.yaml"
    config.write_text(f"{name.replace('_', '-')}: '{said}'\n")

    assert getattr(load(model, flags=NEEDS.get(name, {}), config=config), name) == meant


def test_flags_beat_the_environment_which_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each option by itself: flags > EVENT_TRACER_* > file > defaults."""
    config = tmp_path / "settings.yaml"
    config.write_text("queue_size: 1\nlog-level: debug\nstart: now\nnamespaces: [a]\n")
    monkeypatch.setenv("EVENT_TRACER_QUEUE_SIZE", "2")
    monkeypatch.setenv("EVENT_TRACER_LOG_LEVEL", "error")
    made = load(RunSettings, flags={"queue_size": "3"}, config=config)

    assert (made.queue_size, made.log_level, made.start) == (3, "error", "now")
    assert (made.namespaces, made.to) == (("a",), "otlp")


def test_one_file_may_serve_all_commands(tmp_path: Path) -> None:
    """What a command has no use for is no mistake there."""
    config = tmp_path / "settings.yaml"
    lines = [f"{name}: '{said}'" for name, (said, _) in VALUES.items() if name != "output_file"]
    config.write_text("\n".join(lines))

    assert set(VALUES) == set(all_fields())
    assert load(RunSettings, flags={}, config=config).queue_size == 7
    assert load(RecordSettings, flags={}, config=config).redact == ("a{1,2}",)
    assert load(CheckSettings, flags={}, config=config).cluster_name == "prod"


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a Pod's template whose value is left empty."""
    for name in all_fields():
        monkeypatch.setenv(PREFIX + name.upper(), "")
    for model in MODELS.values():
        assert load(model, flags={}, config=None).model_dump() == model().model_dump()


@pytest.mark.parametrize("said", ["console", "terminal"])
def test_to_has_one_word_for_all_commands(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` says console, `replay` terminal; a variable for both may say either."""
    monkeypatch.setenv("EVENT_TRACER_TO", said)

    assert load(RunSettings, flags={}, config=None).to == "console"
    assert load(ReplaySettings, flags={}, config=None).to == "terminal"


@pytest.mark.parametrize("place", ["variable", "file"])
def test_what_another_command_knows_is_told_apart(
    place: str, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A usage error names the command that cannot do it, and what it can."""
    config, where = tmp_path / "settings.yaml", "EVENT_TRACER_TO"
    if place == "variable":
        monkeypatch.setenv(where, "otlp-json")
    else:
        config.write_text("to: otlp-json\n")
        monkeypatch.setenv("EVENT_TRACER_CONFIG", str(config))
        where = f"{config}: to"
    code, _, err = run("run")

    assert code == USAGE
    assert f"{where}: run has no 'otlp-json', only 'otlp', 'sdk' or 'console'" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_of_the_cluster_before_the_rest(command: str, run: Run) -> None:
    """Groups come in one order in all commands."""
    lines = run(command, "--help", columns=100)[1].splitlines()
    shown = [line.rstrip(":") for line in lines if line.rstrip(":") in GROUPS]

    assert shown == [group for group in GROUPS if group in shown]
    assert "options" in shown


def test_several_patterns_are_one_each(tmp_path: Path) -> None:
    """A comma belongs to a pattern: --redact is repeated, or a list in the file."""
    config = tmp_path / "settings.yaml"
    config.write_text("redact: ['a{1,2}', b]\n")

    assert load(RunSettings, flags={}, config=config).redact == ("a{1,2}", "b")
    assert load(RunSettings, flags={"redact": ["c,d", "e"]}, config=None).redact == ("c,d", "e")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "--namespaces", "Bad_Name"], "no namespace can be called Bad_Name"),
        (["run", "--queue-size", "0"], "--queue-size: input should be greater than or equal to 1"),
        (["run", "--queue-size", "many"], "--queue-size: input should be a valid integer"),
        (["run", "--grace-period", "0"], "--grace-period: input should be greater than 0"),
        (["run", "--bind-address", "8080"], "'8080' is no address: it is like :8080"),
        (["run", "--bind-address", ":66000"], "':66000' is no address"),
        (["run", "--redact", "("], "( is no regular expression"),
        (["run", "--to", "jaeger"], "argument --to: invalid choice: 'jaeger'"),
        (["run", "--start", "then"], "argument --start: invalid choice: 'then'"),
        (["run", "--leader-elect", "--checkpoint", "none"], "a checkpoint that all replicas share"),
        (["check", "--leader-elect", "--checkpoint", "./x"], "configmap or configmap/NAME"),
        (["run", "--lease", "A/b"], "'A/b' is no name of an object in Kubernetes"),
        (["run", "--lease-duration", "2"], "--lease-duration: input should be greater than"),
        (["run", "--kind", "deplyment"], "did you mean Deployment?"),
        (["run", "file.json"], "unrecognized arguments: file.json"),
        (["run", "--shift-to-now"], "unrecognized arguments: --shift-to-now"),
        (["record"], "name the FILE to write, or - for standard output"),
        (["record", "--redact", "[", "x"], "[ is no regular expression"),
        (["record", "one", "two"], "unrecognized arguments: two"),
        (["check", "--log-level", "loud"], "argument --log-level: invalid choice: 'loud'"),
        (["check", "--namespaces", "a.b"], "no namespace can be called a.b"),
        (["show", "--since", "long"], "'long' is no duration: it is like 90s, 30m or 1h30m"),
        (["show", "--follow", "-o", "json"], "--follow draws; it has no --output json"),
        (["show", "-n", "A_b"], "no namespace can be called A_b"),
        (["show", "a/b/c"], "'a/b/c' names no object: it is like deployment/web"),
        (["show", "--width", "-1"], "--width: input should be greater than or equal to 0"),
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


CONFIG = """\
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: me, user: {token: hunter2}}]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig, which nothing names; at home there is none."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "kubeconfig"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def _logging_as_it_was() -> Iterator[None]:
    """A command sets up logging for its whole process."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)


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
        (["--context", "there"], "there in "),
        (["--to", "sdk"], "OTEL_TRACES_EXPORTER"),
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
    config.write_text(CONFIG.replace("token: hunter2", f"token: hunter2 {broken}"))
    code, out, err = run("record", "--kubeconfig", str(config), "-")

    assert code == FAILED
    assert str(config) in err
    assert "hunter2" not in out + err
    assert "Traceback" not in err
