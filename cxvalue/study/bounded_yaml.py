"""YAML as study files need it: safe, of a bounded size, no key twice, and every fault with its line in plain words."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from cxvalue.language.catalogue import translatable, translate

MOST_CHARACTERS = 1_000_000
MOST_VALUES = 20_000
"""Values of a file, those that an alias repeats counted each time."""
DEEPEST = 40

_NOT = {
    "int": translatable("{shown!r} is not a whole number"),
    "float": translatable("{shown!r} is not a number"),
    "bool": translatable("{shown!r} is not true or false"),
    "timestamp": translatable("{shown!r} is not a date that exists"),
    "null": translatable("{shown!r} is not empty"),
}
_TAG = "tag:yaml.org,2002:"
_DAY = f"{_TAG}timestamp"
_READ_AS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(?:0|[1-9][0-9_]*)", "-+0123456789"),
    "float": (
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|"
        r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
}
"""What is no text, with the signs that it may begin with. Plain YAML also takes No for false, 0012 for 10 and 12:30 for 750,
which as words of a column, ids and hours are what they say."""


def words_of_yaml(*words: str) -> str:
    """Words as they stand in a list of a study file, in quotes where they need them.

    >>> words_of_yaml("Shipping, express", "Paid?", "Tax", "No")
    "'Shipping, express', 'Paid?', Tax, 'No'"
    """
    text: str = yaml.safe_dump(list(words), default_flow_style=True, allow_unicode=True, width=100_000)
    return text.strip()[1:-1]


def name_of_yaml(name: str) -> str:
    """A name as it stands at the end of a line of a study file and of a sentence: in quotes where it ends in a sign.

    >>> name_of_yaml("Case no."), name_of_yaml("Ended at")
    ("'Case no.'", 'Ended at')
    """
    word = words_of_yaml(name)
    return word if word[-1].isalnum() or word[-1] in "'\"" else f"'{word}'"


def once_per_lines(number: str, latest: str = "") -> str:
    """What makes one value of a column count once, the latest row of it where a column says which that is.

    >>> once_per_lines("Case no."), once_per_lines("Case", "Updated")
    ('once_per: [Case no.]', 'once_per: [Case] and, on a line of its own, latest: Updated')
    """
    once = f"once_per: [{words_of_yaml(number)}]"
    if not latest:
        return once
    last = f"latest: {name_of_yaml(latest)}"
    return translate("{once_per} and, on a line of its own, {latest}", once_per=once, latest=last)


def _too_deep() -> str:
    return translate("lists and mappings are nested more than {deepest} levels deep", deepest=DEEPEST)


def _too_many() -> str:
    return translate("it contains more than {most:,} values, including those repeated by aliases", most=MOST_VALUES)


class _Loader(yaml.SafeLoader):
    """Refuses a key given twice, where plain YAML silently keeps the last, and what no tag can be read as."""

    depth = values = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Count while reading, so that a file without measure is not read to its end."""
        self.depth += 1
        self.values += 1
        if self.depth > DEEPEST + 1 or self.values > MOST_VALUES:
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem=_too_deep() if self.depth > DEEPEST else _too_many(), problem_mark=mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def fetch_flow_collection_start(self, token: type) -> None:
        """The scanner runs ahead, and slows down with every bracket that is open."""
        if self.flow_level > DEEPEST:
            raise yaml.MarkedYAMLError(problem=_too_deep(), problem_mark=self.get_mark())
        super().fetch_flow_collection_start(token)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _fault(translate("a key must be a word and not a list or a mapping"), key_node)
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise _fault(translate("the key {key!r} is given twice", key=key), key_node)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
            if node.tag == _DAY and self.resolve(yaml.ScalarNode, node.value, (True, False)) == _DAY:
                # Written as a day that the calendar lacks: its key says so, with all else that is wrong.
                return str(node.value)
            shown = str(node.value) if isinstance(node, yaml.ScalarNode) else "this"
            shown = shown if len(shown) <= 40 else f"{shown[:40]}…"
            not_so = _NOT.get(node.tag.rpartition(":")[2], translatable("{shown!r} is not readable"))
            raise _fault(translate(not_so, shown=shown), node) from None


_Loader.add_constructor(f"{_TAG}binary", yaml.SafeLoader.construct_undefined)  # type: ignore[type-var]
_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag.removeprefix(_TAG) not in _READ_AS]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, (_form, _first) in _READ_AS.items():
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(f"^(?:{_form})$"), list(_first))


def load_yaml(text: str) -> Any:
    """Read a document into plain Python values.

    Raises:
        yaml.YAMLError: with the line where there is one (`problem_mark`) and the fault in words (`problem`).

    >>> load_yaml("as_of: 2026-02-28")
    {'as_of': datetime.date(2026, 2, 28)}
    >>> load_yaml("[No, true, 0012, 12, 1.5, 12:30]")
    ['No', True, '0012', 12, 1.5, '12:30']
    """
    if len(text) > MOST_CHARACTERS:
        raise yaml.MarkedYAMLError(problem=translate("it has more than {most:,} characters", most=MOST_CHARACTERS))
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, {}, 0)
        return loader.construct_document(node)
    except RecursionError:
        raise yaml.MarkedYAMLError(problem=_too_deep()) from None
    finally:
        loader.dispose()


def _measure(node: yaml.Node, sizes: dict[int, int], depth: int) -> int:
    """Values below a node, each as often as aliases repeat it."""
    if depth > DEEPEST:
        raise _fault(_too_deep(), node)
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise _fault(translate("a list or mapping contains itself"), node)
        return sizes[id(node)]
    sizes[id(node)] = 0
    size = 1
    if isinstance(node, yaml.SequenceNode):
        size += sum(_measure(child, sizes, depth + 1) for child in node.value)
    elif isinstance(node, yaml.MappingNode):
        size += sum(_measure(key, sizes, depth + 1) + _measure(value, sizes, depth + 1) for key, value in node.value)
    if size > MOST_VALUES:
        raise _fault(_too_many(), node)
    sizes[id(node)] = size
    return size


def _fault(problem: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
