"""The command line: which commands there are, and their help."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import get_args

import pytest

from event_tracer.cli.commands import COMMANDS
from event_tracer.cli.main import GOOD
from event_tracer.cli.settings.base import GROUPS, PREFIX, flags_of
from event_tracer.cli.settings.load import all_fields
from event_tracer.cli.settings.models import (
    MODELS,
    ReplaySettings,
    RunSettings,
)
from event_tracer.cli.sinks import SINKS
from tests.scenarios.folding import Run


def test_the_commands_are_listed(run: Run) -> None:
    """Each with a line of what it does."""
    code, out, _ = run("--help")
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("    ")]

    assert code == GOOD
    assert {*COMMANDS} == set(listed)


def test_it_is_a_plugin_of_kubectl() -> None:
    """`kubectl event-tracer` runs the program kubectl-event_tracer (kubectl's plugin handler)."""
    scripts = {
        each.name: each.value
        for each in metadata.entry_points(group="console_scripts")
        if each.value.startswith("event_tracer.")
    }
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")

    assert 'kubectl-event_tracer = "event_tracer.cli.main:main"' in text
    assert scripts["event-tracer"] == "event_tracer.cli.main:main"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_page_and_names_every_option(command: str, run: Run) -> None:
    """At 100 columns no line is longer, and no option is missing."""
    code, out, _ = run(command, "--help", columns=100)
    words = out.replace(",", " ").split()

    assert code == GOOD
    assert max(map(len, out.splitlines())) <= 100
    for name in COMMANDS[command].settings.model_fields:
        assert f"--{name.replace('_', '-')}" in words


def test_the_pages_name_no_other_options() -> None:
    """README and docs/: each flag and variable is ours, Kubernetes', the collector's or common."""
    root = Path(__file__).parents[2]
    text = "".join(
        page.read_text("utf-8") for page in (root / "README.md", *root.glob("docs/*.md"))
    )
    flags = {flag for model in MODELS for each in flags_of(model) for flag in each.spellings}
    switches = {f"--no-{flag.removeprefix('--')}" for flag in flags}
    others = {
        "--config",
        "--etcd-compaction-interval",
        "--event-ttl",
        "--help",
        "--version",
        "--profile",
        "--peer",
        "--previous",
        "--set",
        "--show-managed-fields",
        "--watch",
    }

    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= flags | switches | others
    variables = set(re.findall(rf"{PREFIX}([A-Z_]+)", text))
    assert {name.lower() for name in variables} <= {*all_fields(), "config"}


def test_each_word_of_to_is_a_sink() -> None:
    """And each sink can be asked for; auto is none of them, a page has an option of its own."""
    words = {
        word
        for model in (RunSettings, ReplaySettings)
        for word in get_args(model.model_fields["to"].annotation)
    }

    assert words - {"auto"} == SINKS.keys() - {"html"}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_of_the_cluster_before_the_rest(command: str, run: Run) -> None:
    """Groups come in one order in all commands."""
    lines = run(command, "--help", columns=100)[1].splitlines()
    shown = [line.rstrip(":") for line in lines if line.rstrip(":") in GROUPS]

    assert shown == [group for group in GROUPS if group in shown]
    assert "options" in shown


def test_the_version_is_told_without_loading_what_commands_need() -> None:
    """It is asked for by scripts, in loops."""
    code = (
        "import sys; from event_tracer.cli.main import main; done = main(['--version']);"
        "print(done, sorted({'argparse', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout.splitlines()[-1] == b"0 []"


def test_a_file_needs_nothing_of_a_cluster() -> None:
    """A command that speaks to nobody does not wait for the libraries of those that do."""
    unwanted = {"aiohttp", "google", "grpc", "kubernetes_asyncio", "opentelemetry"}
    code = (
        "import sys; from event_tracer.cli.main import main; done = main(['replay']);"
        f"print(done, sorted({unwanted} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout.splitlines()[-1] == b"0 []"
