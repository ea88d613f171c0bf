"""Requests to a Kubernetes API server: credentials, discovery, LIST and WATCH, owners, the Lease.

To be read in this order: `client` (one request), `resources` and `discovery` (paths and kinds),
`watch_state` and `watch` (one resource, for ever; with `listing`, `stream`, `catch_up`, `retry` and
the `handler` of its frames), `owners` (all watches of objects; `getter`), `lease`, `credentials`.
"""
