"""The base of records that are made for each frame and occurrence.

A frozen msgspec.Struct is made in a third of the time of a NamedTuple, which 3.11 makes by a
function in Python: 26 a frame were 15 % of the core's CPU. As its fields lead to no cycle, the
collector of cycles need not look at it (`gc`). Subclasses say `frozen=True` once more for the type
checker; in a compiled module it is only this base that counts. What a checkpoint keeps is a
SavedRecord: it stands there as an array, by the order of its fields.
"""

from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace


class Record(Struct, frozen=True, gc=False):
    """Fields that never change, made by position or by name."""

    def but(self, **changes: Any) -> Self:
        """The same with other values for some fields."""
        return replace(self, **changes)

    def equals(self, other: object) -> bool:
        """Whether another is of the same content.

        In a compiled module `==` of two records that are defined in one asks whether they are the
        same object (mypyc/irbuild/ll_builder.py, translate_eq_cmp), and so does `!=`.
        """
        return self == other


class SavedRecord(Record, frozen=True, array_like=True):
    """A record that a checkpoint keeps.

    msgspec reads a checkpoint by the hints of these classes. Of one that is more than the name of a
    class mypyc leaves nothing, unless it is in quotes and no union; such have names of their own
    (mypyc/irbuild/classdef.py, add_non_ext_class_attr_ann).
    """
