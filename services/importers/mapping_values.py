"""Values and conditions, as a mapping file writes them. docs/importing.md is their reference."""
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _value(given: object) -> object:
    if isinstance(given, str):
        return {"value": given}
    if isinstance(given, dict) and len(given) == 1 and next(iter(given.values())) == "":
        column = "{" + str(next(iter(given))) + "}"
        raise ValueError(f'in YAML a text that begins with a brace needs quotes: "{column}"')
    if isinstance(given, dict) and "choose" in given:
        if "value" in given:
            raise ValueError("choose and value are two ways to say the same: give one")
        return {"value": "", **given}
    return given


def _condition(given: object) -> object:
    if isinstance(given, str):
        return {"in": [given]}
    return {"in": given} if isinstance(given, list) else given


def _words(given: object) -> object:
    return [given] if isinstance(given, str) else given


class ValueSpec(Section):
    """Text with ``{Column}`` in it, and what is made of that text."""

    value: str
    choose: Annotated[list[Choice], Field(min_length=1)] | None = None
    """Instead of ``value``: the first whose conditions hold."""
    match: str | None = None
    case: Literal["lower", "upper"] | None = None
    map: str | dict[str, str] | None = None
    default: str | None = None
    split: str | None = None
    unit: Literal["us", "ms", "s", "min", "h", "d"] = "s"
    plus: list[Value] = []
    """Durations that come on top of a time."""

    @property
    def constant(self) -> str:
        """What it says of every row; empty when that depends on the row."""
        return "" if "{" in self.value or self.map is not None else self.value


class ChoiceSpec(ValueSpec):
    """A value for some rows."""

    when: AnyOf = []

    @model_validator(mode="after")
    def _plain(self) -> ChoiceSpec:
        if wrong := self.model_fields_set & {"split", "unit", "plus"}:
            raise ValueError(f"{', '.join(sorted(wrong))} belongs beside choose: it is said of what was chosen")
        return self


Choice = Annotated[ChoiceSpec, BeforeValidator(_value)]
Value = Annotated[ValueSpec, BeforeValidator(_value)]
Words = Annotated[list[str], BeforeValidator(_words)]


class ConditionSpec(Section):
    """Everything that is given must hold of a cell."""

    in_: Words | None = Field(None, alias="in")
    not_: Words | None = Field(None, alias="not")
    matches: str | None = None
    empty: bool | None = None
    changed: bool | None = None
    increased: bool | None = None
    ignore_case: bool = False


Condition = Annotated[ConditionSpec, BeforeValidator(_condition)]
Conditions = dict[str, Condition]
"""By column; all must hold."""


def _any_of(given: object) -> object:
    return [given] if isinstance(given, dict) else given


def _not_empty(given: list[Conditions]) -> list[Conditions]:
    if not given or {} in given[1:] or (given[0] == {} and len(given) > 1):
        raise ValueError("must be conditions, or a list of conditions of which one set must hold; an empty set holds always")
    return given


AnyOf = Annotated[list[Conditions], BeforeValidator(_any_of), AfterValidator(_not_empty)]
"""One of them must hold."""


class ActorSpec(Section):
    id: Value = ValueSpec(value="")
    kind: Value | None = None


def _actor(given: object) -> object:
    return {"id": given} if isinstance(given, str) else given


ActorValue = Annotated[ActorSpec, BeforeValidator(_actor)]


ValueSpec.model_rebuild()
ChoiceSpec.model_rebuild()
ActorSpec.model_rebuild()
