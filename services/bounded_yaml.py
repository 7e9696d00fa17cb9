"""YAML of bounded size: a few lines with aliases can stand for more than a machine holds, and brackets for more than a stack does."""
from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import yaml

from opsledger.core.documents import (
    CHARACTERS_MAX,
    DEPTH_MAX,
    NOT_UNICODE,
    TOO_DEEP,
    TOO_LONG,
    TOO_MANY,
    VALUES_MAX,
    is_unicode,
)
from opsledger.core.reading import NUMBER_CHARACTERS_MAX, shown


class _Size(NamedTuple):
    values: int
    characters: int


class _Bounded(yaml.parser.Parser, yaml.composer.Composer):
    """Refuses a document that is too large or refers to itself, at the line where that begins."""

    def __init__(self, text: str) -> None:
        super().__init__(text)  # type: ignore[call-arg]  # of the loader that this is mixed into
        self._depth = self._values = self._characters = 0
        self._sizes: dict[str | None, _Size] = {}
        """Of what stands behind an anchor; none while it is still open."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # of types-PyYAML
        if isinstance(event, yaml.AliasEvent):
            self._count(event, self._sizes.get(event.anchor))
            return super().compose_node(parent, index)
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise _refused(TOO_DEEP, event)
        before = _Size(self._values, self._characters)
        text = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if not is_unicode(text):
            raise _refused(NOT_UNICODE, event)
        self._count(event, _Size(1, len(text)))
        node = super().compose_node(parent, index)
        if event.anchor is not None:
            self._sizes[event.anchor] = _Size(self._values - before.values, self._characters - before.characters)
        self._depth -= 1
        return node

    def _count(self, event: yaml.NodeEvent, size: _Size | None) -> None:
        if size is None:
            if event.anchor in self.anchors:
                raise _refused(f"the alias {event.anchor!r} stands within what it stands for", event)
            return  # it stands for nothing: the library says so
        self._values += size.values
        self._characters += size.characters
        if self._values > VALUES_MAX:
            raise _refused(TOO_MANY, event)
        if self._characters > CHARACTERS_MAX:
            raise _refused(TOO_LONG, event)


class PlainLoader(_Bounded, yaml.BaseLoader):
    """Leaves every value the text that it is."""


class Loader(_Bounded, yaml.SafeLoader):
    """Values as YAML 1.1 reads them, as far as JSON has them, and dates. Refuses a key that is there twice, of which YAML would
    silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        if isinstance(node, yaml.MappingNode):  # !!map x is none, which the library refuses
            self._refuse_repeated(node)
        return super().construct_mapping(node, deep)

    def _refuse_repeated(self, node: yaml.MappingNode) -> None:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == _tag("merge"):
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    raise _unusable(f"the key {shown(key)} is there twice", key_node)
                seen.add(key)

    def construct_bounded(self, node: yaml.ScalarNode) -> object:
        """A flag, a number or a date, as far as its text is one: !!int x is not, and 2026-02-30 is none either."""
        if len(node.value) > NUMBER_CHARACTERS_MAX:
            raise _unusable(f"a number or date has {len(node.value):,} characters; the most are {NUMBER_CHARACTERS_MAX}", node)
        try:
            return yaml.SafeLoader.yaml_constructors[node.tag](self, node)
        except (ArithmeticError, AttributeError, LookupError, ValueError) as error:
            said = f": {error}" if type(error) is ValueError else f" is no {node.tag.rpartition(':')[2]}"
            raise _unusable(f"{node.value}{said}", node) from None


def _tag(name: str) -> str:
    return f"tag:yaml.org,2002:{name}"


# Sets, pairs and bytes are nothing that a document of ours could hold.
Loader.yaml_constructors = {
    **{tag: yaml.SafeLoader.yaml_constructors[tag] for tag in (None, *map(_tag, ("null", "str", "seq", "map")))},
    **{_tag(name): Loader.construct_bounded for name in ("bool", "int", "float", "timestamp")},
}


def load(text: str, loader: type[Loader | PlainLoader] = Loader) -> object:
    """The one document in a text. Raises yaml.YAMLError, with a mark where one line is to blame."""
    if len(text) > CHARACTERS_MAX:
        raise yaml.YAMLError(TOO_LONG)
    return yaml.load(text, loader)


def _refused(problem: str, event: Any) -> yaml.composer.ComposerError:
    return yaml.composer.ComposerError(None, None, problem, event.start_mark)


def _unusable(problem: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
