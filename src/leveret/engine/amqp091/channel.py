"""The data plane of one channel: publish, deliver, get, acknowledge, confirm.

Nothing here makes a Python object per message. What is rare - a route that is not known yet, a
message that comes back - is asked of the connection's control plane.
"""

from __future__ import annotations

from functools import partial

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

from leveret.engine.amqp091.confirms import Confirms
from leveret.engine.amqp091.consumer import ChannelConsumer
from leveret.engine.amqp091.content import Content
from leveret.engine.amqp091.holders import Holders
from leveret.engine.amqp091.session import Session
from leveret.engine.amqp091.transaction import StagedMessage, StagedSettlement, Transaction
from leveret.engine.amqp091.unacked import Unacked
from leveret.engine.buffer import Buffer
from leveret.engine.chores import Chore, Chores
from leveret.engine.errors import InvariantError, PeerViolation
from leveret.engine.queue import Queue
from leveret.engine.route import Exchange, Route, stale_route

if cython.compiled:
    from cython.cimports.leveret.engine.amqp091 import methods
    from cython.cimports.leveret.engine.amqp091.confirms import Confirms
    from cython.cimports.leveret.engine.amqp091.consumer import ChannelConsumer
    from cython.cimports.leveret.engine.amqp091.content import IDLE, Content
    from cython.cimports.leveret.engine.amqp091.holders import Holders
    from cython.cimports.leveret.engine.amqp091.session import Session
    from cython.cimports.leveret.engine.amqp091.transaction import Transaction
    from cython.cimports.leveret.engine.amqp091.unacked import Unacked
    from cython.cimports.leveret.engine.buffer import Buffer
    from cython.cimports.leveret.engine.chores import Chores
    from cython.cimports.leveret.engine.consumer import FOR_CREDIT
    from cython.cimports.leveret.engine.queue import ACCEPTED, FAILED, RELEASED, Queue
    from cython.cimports.leveret.engine.records import TARGET_BYTES
    from cython.cimports.leveret.engine.route import Exchange, Route
else:
    from leveret.engine.amqp091 import methods
    from leveret.engine.amqp091.content import IDLE
    from leveret.engine.consumer import FOR_CREDIT
    from leveret.engine.queue import ACCEPTED, FAILED, RELEASED
    from leveret.engine.records import TARGET_BYTES

MANDATORY = cython.declare(cython.int, 1)
IMMEDIATE = cython.declare(cython.int, 2)
# Who publishes to more exchanges by turns is rare, and for these permission is asked again.
PERMITTED_MAX = cython.declare(cython.Py_ssize_t, 16)
# Exchange and routing key, as two short strings of any length.
NAMES_BYTES = cython.declare(cython.Py_ssize_t, 512)


class Channel:
    """One open channel. Made by Connection.open_channel()."""

    def __init__(self, session: Session, number: int) -> None:
        self.session = session
        self.number = number
        self.content = Content(session, number)
        self.unacked = Unacked(session.shard.pages, session.unacked_max)
        self.holders = Holders(session, self.unacked, number)
        self.route = cython.cast(Route, None)
        self.names = Buffer(NAMES_BYTES)
        self.names_length = 0
        self.permitted: list[Exchange] = []
        self.transaction = cython.cast(Transaction, None)
        self.flags = 0
        self.confirms = cython.cast(Confirms, None)
        self.owing = False
        self.sharing = False
        self.next_to_share = 0
        self.failed = False
        self.closed = False

    @property
    def unacked_count(self) -> int:
        return self.unacked.count

    @property
    def holder_count(self) -> int:
        """Its consumers, and the queues and cancelled consumers of which something is unsettled."""
        return self.holders.count

    @property
    def may_hold(self) -> bool:
        """It has not yet as many unacknowledged messages as it may have."""
        return self.unacked.count < self.unacked.ceiling

    @property
    def confirming(self) -> bool:
        return self.confirms is not None

    def select_confirm(self) -> None:
        """From here on every message published is confirmed."""
        if self.confirms is None:
            self.confirms = Confirms(self.number)

    # -- publishing

    def publish(self, buffer: Buffer, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.int:
        """basic.publish: reserved u16, exchange, routing key, flags."""
        names: cython.Py_ssize_t = at + 2
        key: cython.Py_ssize_t
        after: cython.Py_ssize_t
        route: Route = self.route
        if self.content.state != IDLE:
            self.content.unexpected()
        if names >= end:
            self.malformed_publish()
        key = names + 1 + buffer.u8(names)
        if key >= end:
            self.malformed_publish()
        after = key + 1 + buffer.u8(key)
        if after + 1 != end:
            self.malformed_publish()
        self.flags = buffer.u8(after)
        if self.flags & IMMEDIATE:
            raise PeerViolation("not_implemented", "immediate=true", self.number, methods.PUBLISH)
        if (
            route is None
            or self.names_length != after - names
            or not route.is_good()
            or not buffer.same(names, self.names, 0, after - names)
        ):
            self.route = cython.cast(Route, None)
            self.session.scattered = self.session.routes.is_far()
            self.find_route(buffer, names, key, after)
        self.content.begin()
        return 0

    def malformed_publish(self) -> cython.int:
        raise PeerViolation("syntax_error", "malformed basic.publish", self.number, methods.PUBLISH)

    def find_route(
        self,
        buffer: Buffer,
        names: cython.Py_ssize_t,
        key: cython.Py_ssize_t,
        after: cython.Py_ssize_t,
    ) -> cython.int:
        """From the cache, where this channel may publish there; else from the control plane."""
        self.session.become_publisher()
        route: Route | None = self.session.routes.look_up(buffer, names, after - names)
        if route is None or not self.is_permitted(route.exchange):
            route = self.session.control.route(
                self.number,
                buffer.bytes_at(names + 1, key - names - 1),
                buffer.bytes_at(key + 1, after - key - 1),
            )
            if route is None:
                raise InvariantError("the control plane gave no route")
            self.permit(route.exchange)
        self.route = route
        self.names.copy(0, buffer, names, after - names)
        self.names_length = after - names
        return 0

    def is_permitted(self, exchange: Exchange) -> cython.bint:
        permitted: Exchange
        for permitted in self.permitted:
            if permitted is exchange:
                return True
        return False

    def permit(self, exchange: Exchange) -> cython.int:
        if not self.is_permitted(exchange):
            if len(self.permitted) >= PERMITTED_MAX:
                self.permitted.clear()
            self.permitted.append(exchange)
        return 0

    def forget_permissions(self) -> None:
        """Permissions have changed: the control plane is asked again for each exchange."""
        self.permitted.clear()
        if self.route is not None:
            # And not dropped: a message for it may be coming in.
            self.route = stale_route(self.route.exchange)

    def header(self, buffer: Buffer, at: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.int:
        """A content header frame's payload."""
        self.content.header(buffer, at, size)
        if self.content.body_size == 0:
            self.store(buffer, at, 0)
        return 0

    def body(self, buffer: Buffer, at: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.int:
        """A whole content body frame's payload."""
        content: Content = self.content
        content.expect_body(size)
        if size == content.body_size:
            return self.store(buffer, at, size)
        content.gather(buffer, at, size)
        return self.body_gathered()

    def body_gathered(self) -> cython.int:
        """Stores the message if its last part has come."""
        content: Content = self.content
        if content.received == content.body_size:
            self.store(content.body, 0, content.body_size)
        return 0

    def store(self, body: Buffer, at: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.int:
        """The message is complete: to its queues with it."""
        content: Content = self.content
        accepted: cython.bint = True
        route: Route = self.route
        if self.transaction is not None:
            return self.stage(body, at, size)
        if not route.is_good():
            self.renew_route()
            route = self.route
        if route.by_content or content.walked.copied:
            route = self.route_content(body, at, size)
        if route.queue_count > 0:
            accepted = self.session.shard.publish(
                route,
                self.names,
                self.names_length,
                content.properties,
                content.properties_length,
                body,
                at,
                size,
                self.session.now,
                content.expiry(self.session.now),
                content.walked.priority,
                content.walked.persistent,
            )
        elif self.flags & MANDATORY:
            self.send_back(body, at, size)
        content.finish()
        self.session.handled += 1
        if self.confirms is not None:
            self.confirm(accepted, route.queue_count > 0 and self.session.shard.logged)
        return 0

    def confirm(self, accepted: cython.bint, logged: cython.bint) -> cython.int:
        """The message just stored is to be confirmed: at the end of the turn, or when the log
        keeps it."""
        if not accepted:
            self.confirms.refused()
        elif logged:
            if self.confirms.mark_count == 0:
                self.session.shard.waiting.append(self)
            self.confirms.waits(self.session.shard.batch)
        else:
            self.confirms.settled()
        return self.owe()

    def became_durable(self, batch: int) -> bool:
        """All batches of the log up to this one are durable; False: no message waits any more."""
        if self.closed or self.failed:
            return False
        if self.confirms.durable(batch):
            self.owe()
        return self.confirms.mark_count > 0

    def renew_route(self) -> cython.int:
        """A binding changed while the message was coming in."""
        return self.find_route(self.names, 0, 1 + self.names.u8(0), self.names_length)

    def find_staged_route(self, names: Buffer) -> cython.int:
        return self.find_route(names, 0, 1 + names.u8(0), names.size)

    def route_content(self, body: Buffer, at: cython.Py_ssize_t, size: cython.Py_ssize_t) -> Route:
        """The route of this message alone: more than its exchange and routing key decides."""
        names: Buffer = self.names
        key: cython.Py_ssize_t = 1 + names.u8(0)
        route: Route
        properties = self.content.properties.bytes_at(0, self.content.properties_length)
        route, rewritten = self.session.control.route_content(
            self.number,
            names.bytes_at(1, key - 1),
            names.bytes_at(key + 1, self.names_length - key - 1),
            properties,
            body.memory()[at : at + size],
        )
        if rewritten is not properties:
            self.content.replace_properties(rewritten)
        return route

    def send_back(self, body: Buffer, at: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.int:
        """The message is mandatory and has no queue."""
        names: Buffer = self.names
        key: cython.Py_ssize_t = 1 + names.u8(0)
        since: cython.ulonglong = self.session.output.position()
        self.session.control.returned(
            self.number,
            names.bytes_at(1, key - 1),
            names.bytes_at(key + 1, self.names_length - key - 1),
            self.content.properties.bytes_at(0, self.content.properties_length),
            body.bytes_at(at, size),
        )
        return self.session.answered(since)

    def owe(self) -> cython.int:
        """Confirms are written at the end of the turn."""
        if not self.owing:
            self.owing = True
            self.session.shard.owing.append(self)
        return 0

    def write_confirms(self) -> None:
        """Called by the shard at the end of a turn in which the channel owed something."""
        since: cython.ulonglong = self.session.output.position()
        self.owing = False
        if not self.closed and not self.failed:
            self.confirms.write(self.session.output)
            self.session.answered(since)

    def reply_to(self, address: bytes | None) -> None:
        """Where direct replies to the channel's messages go; None: nowhere."""
        self.content.reply_address = address

    # -- consuming

    def consume(
        self, queue: Queue, tag: bytes, no_ack: bool, prefetch_count: int, priority: int = 0
    ) -> ChannelConsumer:
        """A new consumer of the queue; deliveries begin with the next turn."""
        consumer: ChannelConsumer = self.holders.add(queue, tag, no_ack, prefetch_count, priority)
        queue.add_consumer(consumer)
        self.session.shard.touch(queue)
        return consumer

    def cancel(self, consumer: ChannelConsumer) -> None:
        """It is sent nothing more; what it was sent stays unacknowledged."""
        consumer.queue.remove_consumer(consumer)
        self.holders.free(consumer)

    def get(self, queue: Queue, no_ack: bool) -> bool:
        """Writes basic.get-ok with the queue's next message; False: it is empty.

        The message has to be in memory: see Queue.await_next().
        """
        taker: ChannelConsumer
        if queue.ready_count == 0:
            return False
        taker = self.holders.taker(queue, no_ack)
        if not queue.deliver_next(taker):
            raise InvariantError("a message that is not in memory was to be delivered")
        self.unacked.got += not no_ack
        self.holders.free(taker)
        return True

    def limit_consumers(self, prefetch_count: int) -> None:
        """How many messages each of the channel's consumers may hold from now on; 0: any number."""
        consumer: ChannelConsumer | None
        for consumer in self.holders.by_number:
            if consumer is not None and not consumer.closed:
                consumer.credit_max = prefetch_count
                self.renew_credit(consumer)

    def limit_channel(self, prefetch_count: int) -> None:
        """How many all of its consumers may hold together from now on; 0: any number."""
        self.unacked.count_max = prefetch_count
        self.share_later(0)

    def share_credit(self) -> None:
        """Called by the shard in a turn in which the limit that the consumers share got room."""
        index: cython.Py_ssize_t
        consumer: ChannelConsumer | None
        first: cython.Py_ssize_t = self.next_to_share
        self.sharing = False
        consumers: list = self.holders.by_number
        for index in range(first, first + len(consumers)):
            consumer = consumers[index % len(consumers)]
            if consumer is not None and not consumer.closed:
                self.renew_credit(consumer)

    def renew_credit(self, consumer: ChannelConsumer) -> cython.int:
        """Back to its queue's round, if it was parked and has credit again."""
        if (
            consumer.parked == FOR_CREDIT
            and consumer.has_credit()
            and consumer.queue.unpark(consumer)
        ):
            self.session.shard.touch(consumer.queue)
        return 0

    # -- acknowledging

    def acknowledge(
        self, tag: cython.ulonglong, multiple: cython.bint, outcome: cython.int, method: cython.int
    ) -> cython.int:
        """basic.ack, nack and reject, which differ in what becomes of the messages."""
        if self.transaction is not None:
            return self.stage_settlement(tag, multiple, outcome, method)
        if not multiple:
            if not self.unacked.take(tag):
                self.unknown_tag(tag, method)
            return self.settle_taken(outcome)
        if tag == 0:
            tag = self.unacked.last_tag
        elif tag > self.unacked.last_tag or not self.unacked.has(tag):
            self.unknown_tag(tag, method)
        return self.settle_up_to(tag, outcome)

    def settle_up_to(self, tag: cython.ulonglong, outcome: cython.int) -> cython.int:
        """The rest of the connection's frames waits until all is settled."""
        chores: Chores = self.session.shard.chores
        allowance: cython.Py_ssize_t = chores.allowance
        count: cython.Py_ssize_t = self.settle_oldest(tag, outcome, allowance)
        chores.spend(count)
        if count == allowance:
            self.session.control.began(self.begin_settling(tag, outcome))
        return 0

    def begin_settling(self, tag: cython.ulonglong, outcome: cython.int) -> Chore:
        """What is held up to a tag is settled, or goes back, in slices.

        Queues to which messages go back deliver nothing meanwhile: the order is to be kept.
        """
        step = partial(cython.cast(object, self).settle_oldest, tag, outcome)
        chore = Chore(step, () if outcome == ACCEPTED else self.holders.queues())
        self.session.shard.chores.begin(chore)
        return chore

    def settle_oldest(
        self, tag: cython.ulonglong, outcome: cython.int, count_max: cython.Py_ssize_t
    ) -> int:
        """Settles so many of the oldest up to a tag at the most; returns how many."""
        count: cython.Py_ssize_t = 0
        while count < count_max and self.unacked.take_oldest(tag):
            self.settle_taken(outcome)
            count += 1
        return count

    def unknown_tag(self, tag: cython.ulonglong, method: cython.int) -> cython.int:
        raise PeerViolation(
            "precondition_failed", f"unknown delivery tag {tag}", self.number, method
        )

    def settle_taken(self, outcome: cython.int) -> cython.int:
        """What `unacked` has just given out is settled, or goes back to its queue."""
        consumer: ChannelConsumer = self.holders.at(self.unacked.holder)
        queue: Queue = consumer.queue
        consumer.unacked_count -= 1
        self.session.handled += 1
        if outcome == ACCEPTED:
            queue.settle(self.unacked.position)
        else:
            queue.give_back(self.unacked.position, outcome)
            self.session.shard.touch(queue)
        if consumer.closed:
            self.unacked.got -= consumer.tag is None
            self.holders.free(consumer)
        if self.unacked.count_max > 0 or self.unacked.count == self.unacked.ceiling - 1:
            self.share_later(consumer.holder + 1)
        elif consumer.parked == FOR_CREDIT and not consumer.closed and not self.sharing:
            self.renew_credit(consumer)
        return 0

    def share_later(self, first: cython.Py_ssize_t) -> cython.int:
        """The limit that the consumers share has room: once in a turn, for there may be many."""
        self.next_to_share = first
        if not self.sharing:
            self.sharing = True
            self.session.shard.sharing.append(self)
        return 0

    def recover(self) -> Chore | None:
        """All it holds goes back to the queues, but for what is staged to be settled.

        What is returned may not be done yet.
        """
        if self.transaction is None or not self.transaction.tags:
            return self.begin_settling(self.unacked.last_tag, RELEASED)
        for tag in self.unacked.tags(self.unacked.last_tag):
            if tag not in self.transaction.tags:
                self.unacked.take(tag)
                self.settle_taken(RELEASED)
        return None

    # -- transactions

    @property
    def transactional(self) -> bool:
        return self.transaction is not None

    @property
    def committing(self) -> bool:
        return self.transaction is not None and self.transaction.committing

    def select_transaction(self) -> None:
        """From here on nothing is published or settled before a commit."""
        if self.transaction is None:
            self.transaction = Transaction(self.session.transaction_bytes_max)

    def stage(self, body: Buffer, at: cython.Py_ssize_t, size: cython.Py_ssize_t) -> cython.int:
        """The message is complete: it waits for the commit."""
        content: Content = self.content
        properties = content.properties.bytes_at(0, content.properties_length)
        if content.walked.copied:
            self.session.control.check_copies(self.number, properties)
        message = StagedMessage(
            self.names.bytes_at(0, self.names_length),
            self.flags,
            properties,
            body.bytes_at(at, size),
        )
        content.finish()
        self.session.handled += 1
        self.transaction.publish(message, self.number)
        return 0

    def stage_settlement(
        self, tag: cython.ulonglong, multiple: cython.bint, outcome: cython.int, method: cython.int
    ) -> cython.int:
        """As acknowledge(), at the commit; that the tags are right is seen to now."""
        staged: set = self.transaction.tags
        tags = [tag]
        self.transaction.check_open(self.number, method)
        if not (multiple and tag == 0) and (tag in staged or not self.unacked.has(tag)):
            self.unknown_tag(tag, method)
        if multiple:
            last = self.unacked.last_tag if tag == 0 else tag
            after = self.transaction.all_staged_to
            tags = [each for each in self.unacked.tags(last, after) if each not in staged]
            self.transaction.all_staged_to = max(after, last)
        self.session.handled += 1
        self.transaction.settle(StagedSettlement(tags, outcome), self.number, method)
        return 0

    def commit(self) -> bool:
        """Does all that is staged; False: a queue refused a message.

        Raises PeerViolation, and does nothing, if a message may not be published any more.
        """
        refused: cython.bint = False
        transaction: Transaction = self.transaction
        messages, settlements = transaction.messages, transaction.settlements
        length: cython.Py_ssize_t = transaction.bytes_staged
        transaction.clear()
        for message in messages:
            self.find_staged_route(Buffer(0, message.names))
            if self.route is not None:
                length += TARGET_BYTES * self.route.queue_count
        if self.session.shard.journal is not None:
            self.session.shard.journal.keep_together(length)
        self.transaction = cython.cast(Transaction, None)
        try:
            for message in messages:
                if not self.publish_staged(message):
                    refused = True
            for tags, outcome in settlements:
                for tag in tags:
                    self.unacked.take(tag)
                    self.settle_taken(outcome)
        finally:
            self.transaction = transaction
        return not refused

    def publish_staged(self, message: StagedMessage) -> bool:
        """As if it had just come in; False: a queue refused it."""
        properties: Buffer = Buffer(0, message.properties)
        self.find_staged_route(Buffer(0, message.names))
        self.flags = message.flags
        self.content.keep_properties(properties, 0, properties.size)
        self.session.shard.refused = False
        self.store(Buffer(0, message.body), 0, len(message.body))
        return not self.session.shard.refused

    def set_committing(self, committing: bool) -> None:
        """While the commit's answer has to wait nothing else may be told."""
        self.transaction.committing = committing

    def rollback(self) -> None:
        """Forgets all that is staged."""
        self.transaction.clear()

    # -- closing

    def close(self) -> Chore | None:
        """What it holds goes back; its consumers are gone.

        What is returned may not be done yet; None: it was closed before.
        """
        consumer: ChannelConsumer | None
        if self.closed:
            return None
        if self.owing:
            self.write_confirms()
        self.closed = True
        self.unacked.count_max = 0
        self.content.finish()
        for consumer in self.holders.by_number:
            if consumer is not None:
                consumer.queue.remove_consumer(consumer)
        self.route = cython.cast(Route, None)
        chore = self.begin_settling(self.unacked.last_tag, FAILED)
        chore.when_done(self.holders.clear)
        return chore
