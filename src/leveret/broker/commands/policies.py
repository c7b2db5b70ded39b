"""Commands on policies, and on operator policies, which can only narrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final, NamedTuple

from leveret.broker.argument_values import JsonValue
from leveret.broker.commands.command import VIRTUAL_HOST, Answer, Argument, Column, Command, Kind
from leveret.broker.commands.node import Node
from leveret.broker.policy import ALL, APPLY_TO, Policy


class Row(NamedTuple):
    vhost: str
    policy: Policy


COLUMNS: Final = (
    Column("vhost", "where", lambda row: row.vhost),
    Column("name", "its name", lambda row: row.policy.name),
    Column("pattern", "a regular expression for names", lambda row: row.policy.pattern),
    Column("apply-to", "what it is for", lambda row: row.policy.apply_to),
    Column("definition", "what it says", lambda row: dict(row.policy.definition)),
    Column("priority", "of those that match the highest counts", lambda row: row.policy.priority),
)
SHOWN: Final = tuple(column.name for column in COLUMNS)


def list_policies(node: Node, *, vhost: str, operator: bool = False) -> Iterator[Row]:
    policies = node.broker.hosts.find(vhost).policies.of(operator=operator)
    for policy in list(policies.values()):
        yield Row(vhost, policy)


def set_policy(
    node: Node,
    *,
    vhost: str,
    name: str,
    pattern: str,
    definition: Mapping[str, JsonValue],
    priority: int,
    apply_to: str,
    operator: bool = False,
) -> Answer:
    policy = Policy(
        name=name, pattern=pattern, definition=definition, priority=priority, apply_to=apply_to
    )
    policies = node.broker.hosts.find(vhost).policies
    return Answer(lambda: None, policies.set(policy, operator=operator))


def clear_policy(node: Node, *, vhost: str, name: str, operator: bool = False) -> Answer:
    policies = node.broker.hosts.find(vhost).policies
    return Answer(lambda: None, policies.clear(name, operator=operator))


NAME: Final = Argument("name", "the name of the policy", Kind.NAME)
OF_A_POLICY: Final = (
    NAME,
    Argument("pattern", "a regular expression for names of queues and exchanges"),
    Argument("definition", 'what they do: {"message-ttl": 60000}', Kind.TABLE),
    VIRTUAL_HOST,
    Argument(
        "priority",
        "of those that match the highest counts; 0 if not given",
        Kind.COUNT,
        0,
        option="--priority",
    ),
    Argument(
        "apply_to",
        "what it is for; all if not given",
        default=ALL,
        option="--apply-to",
        choices=APPLY_TO,
    ),
)
EXAMPLE: Final = "ttl '^logs\\.' '{\"message-ttl\": 60000}' --apply-to queues"

COMMANDS: Final = (
    Command(
        "list_policies",
        "list the policies of a virtual host",
        list_policies,
        (VIRTUAL_HOST,),
        COLUMNS,
        SHOWN,
    ),
    Command(
        "set_policy",
        "say what queues and exchanges do, of which the names match",
        set_policy,
        OF_A_POLICY,
        changes=True,
        example=EXAMPLE,
    ),
    Command(
        "clear_policy",
        "take a policy back",
        clear_policy,
        (NAME, VIRTUAL_HOST),
        changes=True,
        example="ttl",
    ),
    Command(
        "list_operator_policies",
        "list the operator policies of a virtual host",
        partial(list_policies, operator=True),
        (VIRTUAL_HOST,),
        COLUMNS,
        SHOWN,
    ),
    Command(
        "set_operator_policy",
        "say what queues may do at the most, whatever policies say",
        partial(set_policy, operator=True),
        OF_A_POLICY,
        changes=True,
        example=EXAMPLE,
    ),
    Command(
        "clear_operator_policy",
        "take an operator policy back",
        partial(clear_policy, operator=True),
        (NAME, VIRTUAL_HOST),
        changes=True,
        example="ttl",
    ),
)
