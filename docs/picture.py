"""Draw docs/demo.svg: a rollout that failed, as the terminal has it, by rich's own export."""

import io
from pathlib import Path

from rich.console import Console

from event_tracer.core.story import Stories
from event_tracer.core.traces import traces_of
from event_tracer.recording import reader
from event_tracer.render.terminal import View
from event_tracer.render.waterfall import waterfall

HERE = Path(__file__).parent
CAPTURE = HERE.parent / "tests/recordings/status/oom.jsonl.gz"
WIDTH = 124
# rich's own format names a web font; a picture in a README must need nothing from elsewhere.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg"
  role="img" aria-label="A rollout that failed: its title says which container, which pod and why">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width;
}}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">
{matrix}</g></g>
</svg>
"""


def main() -> None:
    """Draw a capture as `event-tracer replay` does."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False
    )
    view = View(console)
    items = reader.items([str(CAPTURE)], stdin=io.BytesIO(), on_problem=print)
    for spans in traces_of(items, Stories()):
        view.show(waterfall(spans))
    svg = console.export_svg(
        title="event-tracer replay oom.jsonl.gz", code_format=FORMAT, unique_id="demo"
    )
    (HERE / "demo.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
