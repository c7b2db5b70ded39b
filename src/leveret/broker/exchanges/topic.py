"""Topic: a message goes where the words of its routing key match the binding's pattern.

A pattern's words are separated by dots; `*` stands for one word, `#` for any number, none too.
The patterns share a trie:

    a.*        root -a-> n1 -*-> n2(bindings)
    a.#.b           n1 -#-> n3 -b-> n4(bindings)

A key is matched word by word with the set of nodes that are reached so far. A node behind `#`
swallows every further word, so once reached it stays. Each node is looked at once for each word:
no pattern, however many `#` it has, can make that more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from leveret.broker.exchanges.bag import Bag, added, each, removed

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.message import Message

ONE_WORD = "*"
ANY_WORDS = "#"


class Node:
    """A place in the trie: what is bound to exactly the way here, and the ways on."""

    __slots__ = ("bag", "children")

    def __init__(self) -> None:
        self.bag: Bag = None
        self.children: dict[str, Node] | None = None


class Topic:
    __slots__ = ("root",)

    by_content = False

    def __init__(self) -> None:
        self.root = Node()

    def bind(self, binding: Binding) -> None:
        node = self.root
        for word in words(binding.routing_key):
            if node.children is None:
                node.children = {}
            child = node.children.get(word)
            if child is None:
                child = node.children[word] = Node()
            node = child
        node.bag = added(node.bag, binding)

    def unbind(self, binding: Binding) -> None:
        node = self.root
        way: list[tuple[Node, str]] = []
        for word in words(binding.routing_key):
            way.append((node, word))
            node = children_of(node)[word]
        node.bag = removed(node.bag, binding)
        prune(way, node)

    def destinations(self, message: Message) -> Iterator[Destination]:
        for key in message.routing_keys:
            for node in matching(self.root, words(key)):
                for binding in each(node.bag):
                    yield binding.destination

    def bindings(self) -> Iterator[Binding]:
        nodes = [self.root]
        while nodes:
            node = nodes.pop()
            yield from each(node.bag)
            nodes.extend(children_of(node).values())


def words(key: str) -> list[str]:
    """The empty key has no words, which only `#` and the empty pattern match."""
    return key.split(".") if key else []


def children_of(node: Node) -> dict[str, Node]:
    return node.children or {}


def prune(way: list[tuple[Node, str]], node: Node) -> None:
    """Cuts off what hangs empty at the end of the way."""
    while way and node.bag is None and node.children is None:
        node, word = way.pop()
        children = children_of(node)
        del children[word]
        if not children:
            node.children = None


def matching(root: Node, key: list[str]) -> Iterable[Node]:
    """The nodes whose patterns match the key, each once."""
    reached: dict[Node, None] = {root: None}
    swallowing: dict[Node, None] = {}  # those behind a `#`
    enter(reached, swallowing)
    for word in key:
        following: dict[Node, None] = {}
        for node in (*reached, *swallowing):
            children = children_of(node)
            for way in (word, ONE_WORD):
                child = children.get(way)
                if child is not None:
                    following[child] = None
        reached = following
        enter(reached, swallowing)
    return {**reached, **swallowing}


def enter(reached: Iterable[Node], swallowing: dict[Node, None]) -> None:
    """Adds the nodes behind a `#` that need no word to be reached from here."""
    for node in reached:
        child = children_of(node).get(ANY_WORDS)
        while child is not None and child not in swallowing:
            swallowing[child] = None
            child = children_of(child).get(ANY_WORDS)
