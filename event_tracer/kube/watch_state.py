"""The states of a Watch.

                  all pages read                    all was read
      ┌─────────┐                  ┌─────────────┐                ┌──────┐
start►│ listing │─────────────────►│ catching up │───────────────►│ live │
      └─────────┘                  └─────────────┘                └──────┘
       ▲  ▲  ▲                      ▲    ▲    │                      │
       │  │  │                      │    └────┼────── in time ◄──────┤
       │  │  │                      │         └───────────┬──────────┘
       │  │  │         the same     │                     │ ended
       │  │  └─ restored ─┐  server │                     │
       │  │            ┌──┴─────────┴┐                    │
       │  │            │   suspect   │◄───── early ───────┤
       │  │            └─────────────┘                    │
       │  │                   ▲                           │
       │  └───────────────────┼─────── 410, empty ◄───────┤
       │                      │                           ▼
       │                      │     ┌───────────────────────────────────────────────┐
       └─ none is complete ───┴─────┤ paused (queue full) · backing off (an error,   │
          yet, or it is stale       │ also of a LIST or a probe) · denied (a refusal)│
                                    └───────────────────────────────────────────────┘

docs/architecture.md has each transition. From the states of the lowest box a Watch goes on as its
`Start` says.
"""

from enum import Enum


class State(Enum):
    """The states of a Watch."""

    LISTING = "listing"
    SUSPECT = "suspect"  # the server may be another one than before: a LIST of one item tells
    CATCHING_UP = "catching up"
    LIVE = "live"  # all that has happened was read
    PAUSED = "paused"
    BACKING_OFF = "backing off"
    DENIED = "denied"  # until a WATCH goes well again


class Start(Enum):
    """The ways for a round to begin: a LIST for some cause, a probe, or the WATCH at once."""

    FIRST = ""
    FROM_NOW = "from now"  # as FIRST, without what there is already
    EXPIRED = "expired"
    EMPTY = "empty"
    RESTORED = "restored"
    PROBE = "probe"
    WATCH = "watch"

    @property
    def is_first(self) -> bool:
        """Whether no LIST is complete yet."""
        return self in (Start.FIRST, Start.FROM_NOW)

    @property
    def state(self) -> State:
        """State of a Watch that begins so."""
        return {Start.PROBE: State.SUSPECT, Start.WATCH: State.CATCHING_UP}.get(self, State.LISTING)
