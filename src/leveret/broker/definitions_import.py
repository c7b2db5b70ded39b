"""Definitions from a document as RabbitMQ and LavinMQ export it: plain dicts and lists.

    notes = import_definitions(broker, document, classes=...)

All of it is read before anything changes; then it is added to what is there: users and permissions
that are there are replaced, queues and exchanges are left as they are, nothing is deleted. To
import a document once more changes nothing. What cannot be honoured is told by notes.

A new kind of definition is a section: a function that reads its entries, and an entry in SECTIONS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from leveret.broker import queue_arguments
from leveret.broker.argument_values import Classes, UnknownClass, load_arguments
from leveret.broker.arguments import Arguments
from leveret.broker.document import DocumentError, Entry
from leveret.broker.errors import BrokerError, NotFound
from leveret.broker.exchanges import EXCHANGE_TYPES
from leveret.broker.limits import check_limits
from leveret.broker.metadata import LIMITS, Metadata
from leveret.broker.names import RESERVED_PREFIX
from leveret.broker.parameters import OPERATOR_POLICIES, VIRTUAL_HOST_LIMITS
from leveret.broker.password import MD5, NOBODYS, SHA256, Password
from leveret.broker.permission import Permission, TopicPermission, rule_of, topic_rule_of
from leveret.broker.policy import Policy
from leveret.broker.queue_settings import CLASSIC
from leveret.broker.users import GUEST

if TYPE_CHECKING:
    from leveret.broker.broker import Broker
    from leveret.broker.virtual_host import VirtualHost

DEFAULT_VIRTUAL_HOST: Final = "/"
VERSIONS: Final = ("rabbitmq_version", "rabbit_version")
# What a document says of itself, and of whom it comes from: nothing to be imported.
OF_THE_DOCUMENT: Final = (
    *(*VERSIONS, "lavinmq_version", "leveret_version"),
    *("product_name", "product_version", "rabbitmq_definition_format", "original_cluster_name"),
    *("original_vhost_name", "explanation", "metadata", "vhost", "description"),
    *("default_queue_type", "limits", "tags", "name"),
)
TYPES_TO_COME: Final = ("stream",)

Change = Callable[[], None]


class Import:
    """One document on its way into a broker; `virtual_host` is where entries go that name none."""

    def __init__(
        self, broker: Broker, document: object, classes: Classes, virtual_host: str | None
    ) -> None:
        self.broker = broker
        self.document = Entry("", document)
        self.classes = classes
        self.virtual_host = virtual_host
        self.notes: list[str] = []
        self.unknown: dict[str, None] = {}  # keys, as they are told of
        self.users = set(broker.users.by_name)
        self.hosts = set(broker.virtual_hosts)
        self.has_users = bool(self.document.values.get("users"))
        self.has_hosts = bool(self.document.values.get("vhosts"))

    def run(self, *, replacing: bool) -> list[str]:
        changes = [change for section in SECTIONS.values() for change in self.read(section)]
        self.find_unknown(self.document, "", OF_THE_DOCUMENT)
        if replacing:
            self.replace_defaults()
        for place, change in changes:
            try:
                change()
            except BrokerError as error:
                raise DocumentError(place, error.text) from error
        self.notes += [f"{key}: is not known, and not imported" for key in self.unknown]
        return self.notes

    def read(self, section: Section) -> Iterator[tuple[str, Change]]:
        name, read_one, of_the_entry = section
        for entry in self.document.entries(name):
            try:
                change = read_one(self, entry)
            except (BrokerError, UnknownClass) as error:
                raise DocumentError(entry.place, str(error)) from error
            if change is not None:
                yield entry.place, change
            self.find_unknown(entry, f"{name}[].", of_the_entry)

    def find_unknown(self, entry: Entry, prefix: str, known: tuple[str, ...]) -> None:
        for key in entry.unasked():
            if key not in known and entry.values[key] not in (None, [], {}, ""):
                self.unknown[prefix + key] = None

    def replace_defaults(self) -> None:
        """Whoever brings users and virtual hosts to a new broker wants these, and no others."""
        broker = self.broker
        if self.has_users and GUEST in broker.users.by_name and GUEST not in self.named("users"):
            broker.users.delete(GUEST)
            self.note(f"user '{GUEST}', whom a new broker has, is not among these: deleted")
        if self.has_hosts and DEFAULT_VIRTUAL_HOST not in self.named("vhosts"):
            if DEFAULT_VIRTUAL_HOST in broker.virtual_hosts:
                broker.delete_virtual_host(DEFAULT_VIRTUAL_HOST)
                self.note("vhost '/', which a new broker has, is not among these: deleted")

    def named(self, section: str) -> set[str]:
        return {entry.text("name") for entry in self.document.entries(section)}

    def note(self, text: str) -> None:
        self.notes.append(text)

    def host_of(self, entry: Entry) -> str:
        """The name of the virtual host that an entry is about."""
        name = self.virtual_host or entry.text("vhost", DEFAULT_VIRTUAL_HOST)
        entry.asked.add("vhost")
        if name not in self.hosts:
            entry.refuse("vhost", f"there is no virtual host '{name}', here or in the document")
        return name

    def user_of(self, entry: Entry) -> str:
        name = entry.text("user")
        if name not in self.users:
            entry.refuse("user", f"there is no user '{name}', here or in the document")
        return name

    def arguments_of(self, entry: Entry) -> dict[str, object]:
        return load_arguments(entry.table("arguments"), self.classes)  # type: ignore[arg-type]  # of JSON


def import_definitions(
    broker: Broker,
    document: object,
    *,
    classes: Classes,
    virtual_host: str | None = None,
    replacing: bool = False,
) -> list[str]:
    """Adds what the document has. `virtual_host` is where all of it goes, if that is given.

    `replacing`: nobody has been served, and the defaults go where the document brings others.
    Returns what could not be honoured. `classes` as for load_arguments(). Raises DocumentError,
    mostly before anything has changed.
    """
    return Import(broker, document, classes, virtual_host).run(replacing=replacing)


# The sections: each reads an entry, and returns what is to be done; None: nothing is


def read_virtual_host(work: Import, entry: Entry) -> Change:
    name = entry.text("name")
    details = Entry(entry.place_of("metadata"), entry.table("metadata"))
    source = details if details.values else entry
    entry.asked.update(("description", "tags", "default_queue_type"))
    type = source.text("default_queue_type", "undefined")
    metadata = Metadata(
        source.text("description", ""),
        source.texts("tags"),
        None if type == "undefined" else type,
    )
    work.find_unknown(details, "vhosts[].metadata.", ("name",))
    work.hosts.add(name)

    def change() -> None:
        host = work.broker.hosts.add(name, metadata)
        if host.metadata != metadata:
            work.broker.hosts.describe(name, metadata)

    return change


def read_user(work: Import, entry: Entry) -> Change:
    name = entry.text("name")
    password = password_of(work, entry)
    tags = entry.texts("tags")
    limits = entry.table("limits")
    work.users.add(name)
    if not password.is_usable and password != NOBODYS:
        work.note(
            f"user '{name}': a password kept as {password.algorithm} cannot be used here:"
            " give the user another"
        )

    def change() -> None:
        users = work.broker.users
        user = users.by_name.get(name)
        if user is None:
            user = users.add_hashed(name, password, tags)
        elif (user.password, user.tags) != (password, tags):
            users.set_password(user, password)
            users.set_tags(name, tags)
        if limits and user.limits != limits:
            users.set_limits(name, limits)

    return change


def password_of(work: Import, entry: Entry) -> Password:
    """RabbitMQ wrote no algorithm before it had a second one."""
    version = next((v for key in VERSIONS if (v := work.document.values.get(key))), "")
    is_old = str(version).startswith(("1.", "2.", "3.0", "3.1.", "3.2", "3.3", "3.4", "3.5"))
    algorithm = entry.text("hashing_algorithm", MD5 if is_old else SHA256)
    if entry.has("password") and not entry.has("password_hash"):
        return work.broker.users.hashed(entry.text("password"))
    return Password(entry.text("password_hash", ""), algorithm)


def read_permission(work: Import, entry: Entry) -> Change:
    host, user = work.host_of(entry), work.user_of(entry)
    permission = Permission(entry.text("configure"), entry.text("write"), entry.text("read"))
    rule_of(permission)

    def change() -> None:
        users = work.broker.users
        if users.find(user).permissions.get(host) != permission:
            users.permit(users.find(user), host, permission)

    return change


def read_topic_permission(work: Import, entry: Entry) -> Change:
    host, user = work.host_of(entry), work.user_of(entry)
    exchange = entry.text("exchange")
    permission = TopicPermission(entry.text("write"), entry.text("read"))
    topic_rule_of(permission, user=user, virtual_host=host)

    def change() -> None:
        users = work.broker.users
        if users.find(user).topic_permissions.get((host, exchange)) != permission:
            users.permit_topics(users.find(user), host, exchange, permission)

    return change


def read_policy(work: Import, entry: Entry) -> Change:
    return change_of_policy(work, entry, entry, work.host_of(entry), entry.text("name"))


def change_of_policy(
    work: Import, entry: Entry, details: Entry, host: str, name: str, *, operator: bool = False
) -> Change:
    policy = Policy(
        name=name,
        pattern=details.text("pattern"),
        definition=details.table("definition"),  # type: ignore[arg-type]  # of JSON
        priority=details.number("priority", 0),
        apply_to=details.text("apply-to", "all"),
    )
    policy.check(operator=operator, lenient=True)
    for key in policy.without_effect():
        kind = "operator policy" if operator else "policy"
        work.note(f"{kind} '{name}' in vhost '{host}': {key} is kept, but nothing goes by it")

    def change() -> None:
        policies = work.broker.hosts.find(host).policies
        if policies.of(operator=operator).get(name) != policy:
            policies.set(policy, operator=operator, lenient=True)

    return change


def read_parameter(work: Import, entry: Entry) -> Change:
    host, component, name = work.host_of(entry), entry.text("component"), entry.text("name")
    entry.asked.add("value")
    value = entry.values.get("value")
    if component == OPERATOR_POLICIES:
        details = Entry(entry.place_of("value"), without_pairs(value))
        return change_of_policy(work, entry, details, host, name, operator=True)
    if component == VIRTUAL_HOST_LIMITS:
        limits = check_limits(entry.table("value"), LIMITS)
        return lambda: set_limits(work.broker, host, limits)
    work.note(
        f"parameter '{name}' of {component} in vhost '{host}': is kept, and nothing goes by it"
    )

    def change() -> None:
        parameters = work.broker.parameters
        if parameters.of_hosts.get((host, component, name)) != value:
            parameters.set(host, component, name, value)  # type: ignore[arg-type]  # of JSON

    return change


def without_pairs(value: object) -> object:
    """The value of an operator policy; `rabbitmqctl` of RabbitMQ 3 writes [["max-length", 1]]."""
    definition = value.get("definition") if isinstance(value, dict) else None
    if not isinstance(definition, list):
        return value
    pairs = [each for each in definition if isinstance(each, list) and len(each) == 2]
    if len(pairs) < len(definition) or not all(isinstance(key, str) for key, _ in pairs):
        return value
    return {**value, "definition": dict(pairs)}  # type: ignore[dict-item]  # a dict, as seen above


def set_limits(broker: Broker, host: str, limits: Mapping[str, int]) -> None:
    if broker.hosts.find(host).own_limits != limits:
        broker.hosts.set_limits(host, limits)


def read_global_parameter(work: Import, entry: Entry) -> Change:
    name, value = entry.text("name"), entry.values.get("value")
    entry.asked.update(("value", "vhost", "component"))
    work.note(f"global parameter '{name}': is kept, and nothing goes by it")

    def change() -> None:
        if work.broker.parameters.of_the_broker.get(name) != value:
            work.broker.parameters.set_global(name, value)  # type: ignore[arg-type]  # of JSON

    return change


def read_exchange(work: Import, entry: Entry) -> Change | None:
    host, name, type = work.host_of(entry), entry.text("name"), entry.text("type")
    durable, auto_delete = entry.flag("durable", True), entry.flag("auto_delete", False)
    internal, arguments = entry.flag("internal", False), work.arguments_of(entry)
    if name == "":
        return None

    def change() -> None:
        target = work.broker.hosts.find(host)
        resource = target.exchange_description(name)
        if name.startswith(RESERVED_PREFIX) and name not in target.exchanges:
            work.note(f"{resource}: there is no such exchange of the server's")
            return
        if type not in EXCHANGE_TYPES:
            work.note(f"{resource}: there are no exchanges of type {type}: it is not imported")
            return
        try:
            target.declare_exchange(
                name,
                type,
                durable=durable,
                auto_delete=auto_delete,
                internal=internal,
                arguments=arguments,
            )
        except BrokerError as error:
            if name not in target.exchanges:
                raise
            work.note(f"{resource} is there already, and stays as it is: {error.text}")

    return change


def read_queue(work: Import, entry: Entry) -> Change:
    host, name = work.host_of(entry), entry.text("name")
    durable, auto_delete = entry.flag("durable", True), entry.flag("auto_delete", False)
    arguments = work.arguments_of(entry)
    type = arguments.get(queue_arguments.TYPE, entry.text("type", "classic"))

    def change() -> None:
        target = work.broker.hosts.find(host)
        resource = target.queue_description(name)
        queue = target.queues.get(name)
        if queue is not None:
            try:
                queue.check_same(
                    durable=durable, auto_delete=auto_delete, owner=None, arguments=arguments
                )
            except BrokerError as error:
                work.note(f"{resource} is there already, and stays as it is: {error.text}")
            return
        if type in TYPES_TO_COME:
            work.note(
                f"{resource}: there are no queues of type {type} yet: it works as a classic one"
            )
        check_queue(target, name, arguments, is_classic=type == CLASSIC)
        target.make_queue(
            name, durable=durable, auto_delete=auto_delete, owner=None, arguments=arguments
        )

    return change


def check_queue(host: VirtualHost, name: str, arguments: Arguments, *, is_classic: bool) -> None:
    """Raises PreconditionFailed for arguments that make no sense, and at the limit.

    Those of another type are kept as they are; of which version a queue was, does not matter.
    """
    others: tuple[str, ...] = ("x-queue-version",)
    if not is_classic:
        others += (queue_arguments.TYPE, *queue_arguments.OF_OTHER_TYPES)
    checked = {key: value for key, value in arguments.items() if key not in others}
    queue_arguments.check(checked, resource=host.queue_description(name))
    host.check_queue_count(name)


def read_binding(work: Import, entry: Entry) -> Change | None:
    host, source = work.host_of(entry), entry.text("source")
    destination, kind = entry.text("destination"), entry.text("destination_type")
    routing_key = entry.text("routing_key", "")
    arguments = work.arguments_of(entry)
    if kind not in ("queue", "exchange"):
        entry.refuse("destination_type", f"must be queue or exchange, not '{kind}'")
    if source == "":
        return None  # every queue is bound to the default exchange

    def change() -> None:
        target = work.broker.hosts.find(host)
        bind = bind_queue if kind == "queue" else bind_exchange
        try:
            bind(target, source, destination, routing_key=routing_key, arguments=arguments)
        except NotFound as error:  # perhaps because it could not be imported
            ends = f"exchange '{source}' to {kind} '{destination}'"
            work.note(f"binding of {ends} in vhost '{host}': is not imported: {error.text}")

    return change


def bind_queue(host: VirtualHost, source: str, queue: str, **options: object) -> None:
    bind = partial(host.bind_queue, exchange=source, queue=queue, connection=None)
    bind(**options)  # type: ignore[arg-type]  # of read_binding


def bind_exchange(host: VirtualHost, source: str, destination: str, **options: object) -> None:
    bind = partial(host.bind_exchange, source=source, destination=destination)
    bind(**options)  # type: ignore[arg-type]  # of read_binding


Section = tuple[str, Callable[[Import, Entry], "Change | None"], tuple[str, ...]]
SECTIONS: Final[Mapping[str, Section]] = {  # in this order; with keys that mean nothing here
    name: (name, read_one, known)
    for name, read_one, known in (
        ("vhosts", read_virtual_host, ("limits", "tracing", "dir", "protected_from_deletion")),
        ("users", read_user, ()),
        ("permissions", read_permission, ()),
        ("topic_permissions", read_topic_permission, ()),
        ("policies", read_policy, ()),
        ("parameters", read_parameter, ()),
        ("global_parameters", read_global_parameter, ()),
        ("exchanges", read_exchange, ("delayed",)),
        ("queues", read_queue, ("exclusive",)),
        ("bindings", read_binding, ("properties_key",)),
    )
}
