"""The options about spans: what they are called, and which of them leave."""

import os
from typing import Literal

from pydantic import model_validator

from event_tracer.cli.settings.base import FILTER, NAMING, BaseOptions, option
from event_tracer.cli.settings.environment import resource_attributes
from event_tracer.cli.settings.types import (
    EventTypes,
    Kinds,
    Namespaces,
    Reasons,
    Statuses,
    Template,
    Words,
)
from event_tracer.core import filters
from event_tracer.core.mapping import Naming


class NamingOptions(BaseOptions):
    """Names and ids of spans."""

    cluster_name: str = option(
        "", "set k8s.cluster.name of every span to this", group=NAMING, metavar="NAME"
    )
    cluster_uid: str = option(
        "",
        "tell clusters apart by this in span ids; default: the uid of the namespace kube-system, "
        "if it can be read",
        group=NAMING,
        metavar="UID",
    )
    service_name_template: Template = option(
        "{component}",
        "service.name of every span; {component} is the component that reported the Event",
        group=NAMING,
        metavar="TEMPLATE",
    )
    namespace_on_resource: bool = option(
        False,
        "set k8s.namespace.name on the resource too, so that a collector can route by it",
        group=NAMING,
    )
    span_names: Literal["bounded", "full"] = option(
        "bounded",
        "bounded: * replaces the generated part of an object's name; full: whole names",
        group=NAMING,
    )
    label_attributes: Words = option(
        (),
        "copy this label of the top object to its span, as k8s.<kind>.label.<label>",
        group=NAMING,
        metavar="LABEL",
    )
    status_by_reason: Statuses = option(
        {},
        "span status of Events of this reason: error or unset, for instance Unhealthy=unset",
        group=NAMING,
        metavar="REASON=STATUS",
    )
    same_host: bool = option(
        True,
        "give all resources one host.id and ip, so that Jaeger does not adjust for clock skew",
        group=NAMING,
    )

    @property
    def naming(self) -> Naming:
        """The options as the fold takes them."""
        return Naming(
            cluster_name=self.cluster_name,
            service_name_template=self.service_name_template,
            namespace_on_resource=self.namespace_on_resource,
            same_host=self.same_host,
            span_names=self.span_names,
            label_attributes=self.label_attributes,
            status_by_reason=dict(self.status_by_reason),
            resource_attributes=resource_attributes(os.environ),
        )


class FilterOptions(NamingOptions):
    """The filter, and names, of commands that send spans."""

    namespace: Namespaces = option(
        (),
        "keep only Events about objects in this namespace; separate several by commas, or repeat "
        "the option",
        group=FILTER,
        metavar="NAME",
    )
    exclude_namespace: Namespaces = option(
        (), "drop Events about objects in this namespace", group=FILTER, metavar="NAME"
    )
    kind: Kinds = option(
        (),
        "keep only Events about objects of this kind (Pod, po, ...)",
        group=FILTER,
        metavar="KIND",
    )
    exclude_kind: Kinds = option(
        (), "drop Events about objects of this kind", group=FILTER, metavar="KIND"
    )
    reason: Reasons = option(
        (), "keep only Events with this reason", group=FILTER, metavar="REASON"
    )
    exclude_reason: Reasons = option(
        (), "drop Events with this reason", group=FILTER, metavar="REASON"
    )
    type: EventTypes = option(
        (), "keep only Events of this type", group=FILTER, metavar="Normal|Warning"
    )
    exclude_type: EventTypes = option(
        (), "drop Events of this type", group=FILTER, metavar="Normal|Warning"
    )

    @model_validator(mode="after")
    def _something_may_match(self) -> "FilterOptions":
        filters.check(self.filter)
        return self

    @property
    def filter(self) -> filters.Filter:
        """The options as the filter takes them."""
        return filters.Filter(
            **{name: frozenset(getattr(self, name)) for name in filters.Filter.__slots__}
        )
