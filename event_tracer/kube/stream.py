"""A stream of bytes as lines, in bounded memory."""

from collections.abc import AsyncIterator, Callable

LONGEST = 4 << 20
"""Bytes of a line. etcd takes objects of 1.5 MiB (--max-request-bytes), so none is longer."""


async def lines(
    chunks: AsyncIterator[bytes], *, on_loss: Callable[[str], None]
) -> AsyncIterator[bytes]:
    """The whole lines of `chunks`; `on_loss` is told of one that is `too_long` or `truncated`."""
    rest, is_skipping = b"", False
    async for chunk in chunks:
        first, *more = chunk.split(b"\n")
        rest = b"" if is_skipping else rest + first
        for part in more:
            if len(rest) > LONGEST:
                on_loss("too_long")
            elif rest.strip():
                yield rest
            rest, is_skipping = part, False
        if len(rest) > LONGEST and not is_skipping:
            on_loss("too_long")
            rest, is_skipping = b"", True
    if rest.strip():
        on_loss("truncated")
