"""Where options come from: flags, the environment, a file."""

from pathlib import Path
from typing import Any

import pytest

from event_tracer.cli.main import USAGE
from event_tracer.cli.settings.base import PREFIX, BaseOptions
from event_tracer.cli.settings.load import all_fields, load
from event_tracer.cli.settings.models import (
    MODELS,
    CheckSettings,
    ExplainSettings,
    RecordSettings,
    ReplaySettings,
    RunSettings,
    WaitSettings,
)
from event_tracer.core.times import SECOND
from tests.scenarios.folding import Run

VALUES: dict[str, tuple[str, Any]] = {
    "all_namespaces": ("true", True),
    "bind_address": ("127.0.0.1:9090", ("127.0.0.1", 9090)),
    "checkpoint": ("configmap/mine", "configmap/mine"),
    "cluster_name": ("prod", "prod"),
    "cluster_uid": ("c1", "c1"),
    "context": ("prod", "prod"),
    "exclude_kind": ("node", ("Node",)),
    "exclude_namespace": ("c,d", ("c", "d")),
    "exclude_reason": ("Pulled,Created", ("pulled", "created")),
    "exclude_type": ("normal", ("Normal",)),
    "file": ("/tmp/a,b.jsonl", ("/tmp/a,b.jsonl",)),
    "fold": ("false", False),
    "exit_code": ("true", True),
    "follow": ("true", True),
    "grace_period": ("2.5", 2.5),
    "html": ("/tmp/web.html", Path("/tmp/web.html")),
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
    "max_bytes": ("2048", 2048),
    "namespace": ("a,b", ("a", "b")),
    "namespace_on_resource": ("true", True),
    "watch_namespaces": ("a,b", ("a", "b")),
    "output": ("wide", "wide"),
    "output_file": ("/tmp/out.json", Path("/tmp/out.json")),
    "patience": ("5m", 300 * SECOND),
    "queue_size": ("7", 7),
    "reason": ("Started", ("started",)),
    "redact": (r"a{1,2}", (r"a{1,2}",)),
    "same_host": ("false", False),
    "selector": ("app=web,tier!=test", "app=web,tier!=test"),
    "service_name_template": ("k8s {component}", "k8s {component}"),
    "settle": ("0s", 0),
    "shift_to_now": ("true", True),
    "since": ("30m", 30 * 60 * SECOND),
    "span_names": ("full", "full"),
    "start": ("now", "now"),
    "status": ("off", "off"),
    "status_kinds": ("Workflow,rollouts.argoproj.io", ("workflow", "rollouts.argoproj.io")),
    "status_by_reason": ("Unhealthy=unset", {"Unhealthy": "unset"}),
    "timeout": ("1m30s", 90 * SECOND),
    "to": ("sdk", "sdk"),
    "type": ("warning", ("Warning",)),
    "ui": ("8080", ("127.0.0.1", 8080)),
    "utc": ("true", True),
    "warnings": ("true", True),
    "width": ("99", 99),
}
"""What may be said of each option, and what it means; never the default."""
OWN: dict[type[BaseOptions], dict[str, tuple[str, Any]]] = {
    ExplainSettings: {"output": ("json", "json")},
    WaitSettings: {"output": ("json", "json")},
}
"""What only one command takes."""
NEEDS = {"output_file": {"to": "otlp-json"}}
OPTIONS = [(model, name) for model in MODELS for name in model.model_fields]


@pytest.mark.parametrize(("model", "name"), OPTIONS)
def test_each_option_has_a_variable(
    model: type[BaseOptions], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EVENT_TRACER_<OPTION> says the same as --option."""
    said, meant = OWN.get(model, {}).get(name, VALUES[name])
    needs = NEEDS.get(name, {})
    default = getattr(model(), name)
    by_flag = load(model, flags={name: said, **needs}, config=None)
    monkeypatch.setenv(PREFIX + name.upper(), said)
    by_variable = load(model, flags=needs, config=None)

    assert getattr(by_variable, name) == meant != default
    assert by_variable.model_dump() == by_flag.model_dump()


@pytest.mark.parametrize(("model", "name"), OPTIONS)
def test_each_option_may_stand_in_a_file(
    model: type[BaseOptions], name: str, tmp_path: Path
) -> None:
    """Written as on the command line, without its dashes in front."""
    said, meant = OWN.get(model, {}).get(name, VALUES[name])
    config = tmp_path / "settings.yaml"
    config.write_text(f"{name.replace('_', '-')}: '{said}'\n")

    assert getattr(load(model, flags=NEEDS.get(name, {}), config=config), name) == meant


def test_flags_beat_the_environment_which_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each option by itself: flags > EVENT_TRACER_* > file > defaults."""
    config = tmp_path / "settings.yaml"
    config.write_text("queue_size: 1\nlog-level: debug\nstart: now\nwatch-namespaces: [a]\n")
    monkeypatch.setenv("EVENT_TRACER_QUEUE_SIZE", "2")
    monkeypatch.setenv("EVENT_TRACER_LOG_LEVEL", "error")
    made = load(RunSettings, flags={"queue_size": "3"}, config=config)

    assert (made.queue_size, made.log_level, made.start) == (3, "error", "now")
    assert (made.watch_namespaces, made.to) == (("a",), "auto")


def test_one_file_may_serve_all_commands(tmp_path: Path) -> None:
    """What a command has no use for is no mistake there."""
    config = tmp_path / "settings.yaml"
    lines = [f"{name}: '{said}'" for name, (said, _) in VALUES.items() if name != "output_file"]
    config.write_text("\n".join(lines))

    assert set(VALUES) == set(all_fields())
    assert load(RunSettings, flags={}, config=config).queue_size == 7
    assert load(RecordSettings, flags={}, config=config).redact == ("a{1,2}",)
    assert load(CheckSettings, flags={}, config=config).cluster_name == "prod"


@pytest.mark.parametrize("word", ["on", "off"])
def test_yaml_s_on_and_off_are_words(word: str, tmp_path: Path) -> None:
    """YAML 1.1 has booleans of these names, with quotes or without."""
    config = tmp_path / "settings.yaml"
    config.write_text(f"status: {word}\n")

    assert load(RunSettings, flags={}, config=config).status == word


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a Pod's template whose value is left empty."""
    for name in all_fields():
        monkeypatch.setenv(PREFIX + name.upper(), "")
    for model in MODELS:
        assert load(model, flags={}, config=None).model_dump() == model().model_dump()


@pytest.mark.parametrize("said", ["console", "otlp", "sdk"])
def test_to_has_one_word_for_all_commands(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable or file may serve `run` and `replay`."""
    monkeypatch.setenv("EVENT_TRACER_TO", said)

    assert load(RunSettings, flags={}, config=None).to == said
    assert load(ReplaySettings, flags={}, config=None).to == said


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
    assert f"{where}: run has no 'otlp-json', only 'auto', 'otlp', 'sdk', 'console'" in err


def test_several_patterns_are_one_each(tmp_path: Path) -> None:
    """A comma belongs to a pattern: --redact is repeated, or a list in the file."""
    config = tmp_path / "settings.yaml"
    config.write_text("redact: ['a{1,2}', b]\n")

    assert load(RunSettings, flags={}, config=config).redact == ("a{1,2}", "b")
    assert load(RunSettings, flags={"redact": ["c,d", "e"]}, config=None).redact == ("c,d", "e")
