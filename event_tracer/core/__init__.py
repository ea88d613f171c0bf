"""The fold: frames in, spans out. Pure: no I/O, clock, randomness or logging.

In reading order: `occurrence` (the central type), `frame` (items that are fed), `story` (the fold
itself), then what it calls: `event` and `event_source` (Events as a source of occurrences),
`chain`, `objects`, `lineage`, `changes`, `histories` (the story of an occurrence), `seen`,
`reorder`, `span_start`, `mapping` (occurrence or object to span), `object_spans` (when each
settles), `state` (the checkpoint's part), `traces` (spans by trace). `tables` holds what components
mean by their reasons and messages, `kinds` Kubernetes' own kinds.
"""
