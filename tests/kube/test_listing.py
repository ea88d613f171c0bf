"""A LIST's items: what is as nearly all are is parsed as it comes, and nothing else is lost."""

import json
from typing import Any

import pytest
from aiohttp import web

from event_tracer.core.frame import Frame
from event_tracer.core.objects import ObjectMetadata
from event_tracer.kube.client import ApiError
from event_tracer.kube.listing import Lister, Page
from event_tracer.kube.resources import PODS
from tests.scenarios.watching import Bench, on_bench

GOOD = {"metadata": {"name": "web", "resourceVersion": "7"}, "status": {"phase": "Pending"}}
OF_A_NUMBER = {"metadata": {"name": "db", "uid": 0.0, "resourceVersion": "8"}}
HALF = '{"metadata":{"name":"half","annotations":{"nobody reads":"\\ud800"}}}'


async def page(bench: Bench, *items: Any, parsed: bool = True) -> Page:
    """What comes of a page with these items, each as JSON or as its text."""
    texts = [item if isinstance(item, str) else json.dumps(item) for item in items]
    text = f'{{"metadata":{{"resourceVersion":"9"}},"items":[{",".join(texts)}]}}'
    return await page_of(bench, text.encode(), parsed=parsed)


async def page_of(bench: Bench, body: bytes, *, parsed: bool = True) -> Page:
    """What comes of a page of pods."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    bench.server.fail(answer, verb="list", times=1)
    lister = Lister(bench.api, PODS, namespace="", is_whole=True)
    (found,) = [page async for page in lister.pages(parsed=parsed)]
    return found


def names(frames: list[Frame]) -> list[str]:
    """The names of these objects."""
    return [frame.body.name for frame in frames]


@on_bench
async def test_an_odd_item_is_left_to_a_closer_look(bench: Bench) -> None:
    """Those around it are parsed; what is no object is counted."""
    found = await page(bench, GOOD, 5, OF_A_NUMBER, None, {"metadata": "none"}, {}, GOOD)

    assert names(found.frames) == ["web", "web"]
    assert [item["metadata"] for item in found.objects] == [OF_A_NUMBER["metadata"]]
    assert found.unusable == 4
    assert sorted(found.versions) == ["7", "7", "8"]
    assert found.version == "9"


@on_bench
async def test_half_of_a_surrogate_pair_loses_nothing(bench: Bench) -> None:
    """In what nobody reads, too: then all of its page are left to a closer look."""
    found = await page(bench, GOOD, HALF, GOOD)

    assert found.frames == []
    assert [item["metadata"]["name"] for item in found.objects] == ["web", "half", "web"]
    assert found.objects[1]["metadata"]["annotations"] == {"nobody reads": "?"}
    assert found.unusable == 0


@on_bench
async def test_a_typed_list_need_not_say_what_its_items_are(bench: Bench) -> None:
    """A PodList leaves kind and apiVersion out (apimachinery runtime/serializer/versioning)."""
    parsed, raw = await page(bench, GOOD), await page(bench, GOOD, parsed=False)
    (frame,) = parsed.frames

    assert isinstance(frame.body, ObjectMetadata)
    assert (frame.body.kind, frame.body.api_version) == ("Pod", "v1")
    assert raw.objects == [{"kind": "Pod", "apiVersion": "v1", **GOOD}]
    assert (parsed.versions, raw.versions) == (["7"], ["7"])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[]", "no list"),
        (b'{"items":[]}', "no list"),
        (b'{"metadata":{"resourceVersion":"9"},"items":[', "not JSON"),
        (
            b'{"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"\xff"}}]}',
            "not JSON",
        ),
    ],
)
@on_bench
async def test_what_is_no_page_is_an_error(bench: Bench, body: bytes, reason: str) -> None:
    """As a 502 is: it is asked for again."""
    with pytest.raises(ApiError, match=reason) as caught:
        await page_of(bench, body)

    assert caught.value.status == 502
    assert not caught.value.is_refusal
