"""Kubernetes Events as OpenTelemetry traces."""

__version__ = "0.1.0"
"""It stands here as importlib.metadata takes 20 ms of CPU to be imported, half of `--version`."""


class EventTracerError(Exception):
    """Whatever a user can mend: its message is a sentence for them, and the exit code is 1.

    EventTracerError
    ├─ UsageError               what was typed or set cannot be meant: exit code 2
    │  ├─ SettingsError         cli        options, EVENT_TRACER_* and the file of settings
    │  ├─ EndpointError         export     the OTEL_EXPORTER_OTLP_* variables
    │  ├─ ExporterError         export     an exporter of the SDK is not there or does not start
    │  └─ TelemetryError        runtime    the variables of the bridge's own metrics
    ├─ OutputError              cli        traces cannot be written or delivered
    ├─ StartError               cli        a run cannot begin
    ├─ SnapshotError            pipeline   there is nothing to see, or nothing may be seen
    ├─ RecordError              pipeline   a recording cannot be written
    ├─ CheckpointError          pipeline   a checkpoint cannot be read or written
    ├─ ConnectionSettingsError  kube       there is no cluster to speak to
    ├─ ApiError                 kube       a request did not succeed
    ├─ UnknownKindError         kube       a cluster has no such kind
    ├─ ExportError              export     spans did not arrive
    ├─ ProxyError               runtime    a proxy cannot be used
    └─ MalformedError           core       what came in is not what it should be
    """


class UsageError(EventTracerError):
    """What was typed or set cannot be meant: the exit code is 2."""
