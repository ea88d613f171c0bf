"""pydantic's reading of `api_types`: numbers are taken for strings, and it says what is wrong."""

from collections.abc import Callable
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Required, cast, get_args, get_origin, get_type_hints

from msgspec import Struct
from pydantic import AfterValidator, ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict  # pydantic asks for it before Python 3.12

_FORGIVING = with_config(ConfigDict(extra="ignore", coerce_numbers_to_str=True))


@cache
def adapter(type_: type[Struct]) -> TypeAdapter[Any]:
    """What reads JSON's values into such a struct. Raises pydantic's ValidationError.

    Made once it is asked for: 3 ms of CPU each, and who reads a cluster needs hardly any.
    """
    return TypeAdapter(_hint(type_))


def _hint(hint: Any) -> Any:
    """A hint with a typed dict, from which the struct is made, for each struct in it."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        return Annotated[_typed(hint), AfterValidator(_maker(hint))]
    parts = [_hint(each) for each in get_args(hint)]
    if get_origin(hint) is list:
        return list[parts[0]]  # type: ignore[valid-type]
    is_union = type(None) in parts
    return reduce(or_, parts) if is_union else hint


@cache
def _typed(struct: type[Struct]) -> Any:
    hints = get_type_hints(struct, include_extras=True)
    fields = {
        written: _hint(hints[name])
        for name, written in zip(
            struct.__struct_fields__, struct.__struct_encode_fields__, strict=True
        )
    }
    # A struct's defaults are those of its last fields.
    for written in struct.__struct_encode_fields__[: len(fields) - len(struct.__struct_defaults__)]:
        fields[written] = Required[fields[written]]
    return _FORGIVING(cast(Any, TypedDict)(struct.__name__, fields, total=False))


def _maker(struct: type[Struct]) -> Callable[[dict[str, Any]], Struct]:
    names = struct.__struct_encode_fields__
    return lambda found: struct(*map(found.get, names))
