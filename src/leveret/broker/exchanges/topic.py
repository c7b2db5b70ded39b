"""Topic: a message goes where the words of its routing key match the binding's pattern.

A pattern's words are separated by dots; `*` stands for one word, `#` for any number, none too.
The patterns share a trie:

    a.*        root -a-> n1 -*-> n2(bindings)
    a.#.b           n1 -#-> n3 -b-> n4(bindings)

A key is matched word by word with the set of nodes that are reached so far. A node behind `#`
swallows every further word, so once reached it stays. What such a node waits for is kept by word,
and it waits no longer once what is waited for would lead to nothing new: from `#.a.b.#` nothing
comes of a second `a.b`, the last `#` having been reached with the first. So no pattern, however
many `#` it has, is begun again at each word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

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
        self.children: dict[str, Node] = NONE


NONE: Final[dict[str, Node]] = {}  # shared by all nodes that have none, of which there are most

ENDS_MAX: Final = 16_384
"""Of so many nodes it is kept what a search has found out; then all of it is found out anew."""


class Topic:
    """`spend` is told at how many nodes a message had to look.

    `ends` is what searches have found out about nodes, until a binding comes or goes.
    """

    __slots__ = ("ends", "root", "spend")

    by_content = False

    def __init__(self, spend: Callable[[int], None]) -> None:
        self.root = Node()
        self.ends: dict[Node, End] = {}
        self.spend = spend

    def bind(self, binding: Binding) -> None:
        self.ends = {}
        node = self.root
        for word in words(binding.routing_key):
            if node.children is NONE:
                node.children = {}
            child = node.children.get(word)
            if child is None:
                child = node.children[word] = Node()
            node = child
        node.bag = added(node.bag, binding)

    def unbind(self, binding: Binding) -> None:
        self.ends = {}
        node = self.root
        way: list[tuple[Node, str]] = []
        for word in words(binding.routing_key):
            way.append((node, word))
            node = node.children[word]
        node.bag = removed(node.bag, binding)
        prune(way, node)

    def destinations(self, message: Message) -> Iterator[Destination]:
        for key in message.routing_keys:
            if len(self.ends) > ENDS_MAX:
                self.ends = {}
            search = Search(self.root, words(key), self.ends)
            self.spend(search.looked)
            for node in search.found:
                for binding in each(node.bag):
                    yield binding.destination

    def bindings(self) -> Iterator[Binding]:
        nodes = [self.root]
        while nodes:
            node = nodes.pop()
            yield from each(node.bag)
            nodes.extend(node.children.values())


def words(key: str) -> list[str]:
    """The empty key has no words, which only `#` and the empty pattern match."""
    return key.split(".") if key else []


def prune(way: list[tuple[Node, str]], node: Node) -> None:
    """Cuts off what hangs empty at the end of the way."""
    while way and node.bag is None and not node.children:
        node, word = way.pop()
        del node.children[word]
        if not node.children:
            node.children = NONE


class Search:
    """`found` are the nodes whose patterns match the key, each once, after a look at `looked`.

    `awaited` is what swallowing nodes wait for, by word. Those with more ways than the key has
    words are `wide`, and asked for each word. `late` are those from which something new can only
    come of the key's end, `late_words` behind the word that is waited for at the most.
    """

    __slots__ = (
        "awaited",
        "ends",
        "found",
        "late",
        "late_words",
        "looked",
        "swallowing",
        "wide",
        "words_max",
    )

    def __init__(self, root: Node, key: list[str], ends: dict[Node, End]) -> None:
        self.looked = 0
        self.words_max = len(key)
        self.swallowing: dict[Node, None] = {}  # those behind a `#`
        self.wide: list[Node] = []
        self.awaited: dict[str, list[Node]] = {}
        self.late: dict[str, list[Node]] = {}
        self.late_words = -1
        self.ends = ends
        reached: dict[Node, None] = {root: None}
        self.enter(reached)
        for left in range(len(key) - 1, -1, -1):
            reached = self.follow(reached, key[len(key) - 1 - left], left)
            self.enter(reached)
        self.found = {**reached, **self.swallowing}

    def enter(self, reached: Iterable[Node]) -> None:
        """Adds the nodes behind a `#` that need no word to be reached from here."""
        swallowing = self.swallowing
        for node in reached:
            child = node.children.get(ANY_WORDS)
            while child is not None and child not in swallowing:
                swallowing[child] = None
                self.wait_at(child)
                child = child.children.get(ANY_WORDS)

    def wait_at(self, node: Node) -> None:
        children = node.children
        if len(children) > self.words_max:
            self.wide.append(node)
            return
        self.looked += len(children)
        for way, child in children.items():
            if way != ANY_WORDS:
                waiting = self.awaited.get(way)
                if waiting is None:
                    self.awaited[way] = [child]
                else:
                    waiting.append(child)

    def follow(self, reached: dict[Node, None], word: str, left: int) -> dict[Node, None]:
        """The nodes that the word leads to; so many words are left behind it."""
        following: dict[Node, None] = {}
        for nodes in (reached, self.wide):
            self.looked += 2 * len(nodes)
            for node in nodes:
                if (child := node.children.get(word)) is not None:
                    following[child] = None
                if (child := node.children.get(ONE_WORD)) is not None:
                    following[child] = None
        for way in (word, ONE_WORD):
            if way in self.awaited:
                self.follow_awaited(way, following)
            if left <= self.late_words:
                following.update(dict.fromkeys(self.late.get(way, ())))
        return following

    def follow_awaited(self, way: str, following: dict[Node, None]) -> None:
        """Those that this word was waited for; whose end is reached are awaited no longer."""
        still = []
        ends, swallowing = self.ends, self.swallowing
        self.looked += len(self.awaited[way])
        for node in self.awaited[way]:
            end = ends.get(node)
            if end is None:
                end = ends[node] = end_of(node)
                self.looked += end.words
            if end.node is None or end.node not in swallowing:
                still.append(node)
                following[node] = None
            elif end.bound_words >= 0:
                self.late.setdefault(way, []).append(node)
                self.late_words = max(self.late_words, end.bound_words)
        self.awaited[way] = still


class End(NamedTuple):
    """The `#` that the only way from a node leads to, so many words on; None: there are more ways.

    `bound_words`: how many words on the last node on that way is that something is bound to; -1:
    there is none.
    """

    node: Node | None
    words: int
    bound_words: int


def end_of(node: Node) -> End:
    count, bound_words = 0, -1
    while True:
        if node.bag is not None:
            bound_words = count
        count += 1
        if len(node.children) != 1:
            return End(None, count, bound_words)
        ((way, node),) = node.children.items()
        if way == ANY_WORDS:
            return End(node, count, bound_words)
