import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

class MessagesTest extends Session {
    private static final String REPLY_TO = "amq.rabbitmq.reply-to";

    @Test
    void eachMessageOfABurstIsConfirmed() throws Exception {
        channel.confirmSelect();
        NavigableSet<Long> unconfirmed = new ConcurrentSkipListSet<>();
        channel.addConfirmListener((sequence, multiple) -> {
            long first = multiple ? 0 : sequence;
            unconfirmed.subSet(first, true, sequence, true).clear();
        }, (sequence, multiple) -> { });
        String queue = exclusiveQueue(channel);
        for (int number = 0; number < 500; number++) {
            unconfirmed.add(channel.getNextPublishSeqNo());
            send(queue, String.valueOf(number));
        }
        assertTrue(channel.waitForConfirms(WAIT_SECONDS_MAX * 1000));
        assertEquals(Collections.emptySet(), unconfirmed);
        assertEquals(500, channel.messageCount(queue));
    }

    @Test
    void aMandatoryMessageWithoutAQueueIsReturnedAndThenConfirmed() throws Exception {
        BlockingQueue<String> events = new LinkedBlockingQueue<>();
        channel.addReturnListener(it -> events.add(it.getReplyCode() + " " + it.getReplyText() + " "
                + it.getExchange() + " " + it.getRoutingKey() + " " + new String(it.getBody())));
        channel.addConfirmListener((sequence, multiple) -> events.add("confirmed"),
                (sequence, multiple) -> events.add("refused"));
        channel.confirmSelect();
        channel.basicPublish("amq.topic", "no.body", true, PLAIN, "back".getBytes());
        assertEquals("312 NO_ROUTE amq.topic no.body back", next(events));
        assertEquals("confirmed", next(events));
    }

    @Test
    void acknowledgedMessagesAreGoneAndRefusedOnesKeepTheirPlaces() throws Exception {
        String queue = exclusiveQueue(channel);
        send(queue, "a", "b", "c", "d", "e", "f");
        List<Delivery> taken = take(consume(channel, queue, "only"), 6);
        channel.basicCancel("only");
        channel.basicAck(tag(taken.get(1)), false);
        channel.basicNack(tag(taken.get(4)), false, true);
        channel.basicReject(tag(taken.get(2)), false);
        channel.basicReject(tag(taken.get(0)), true);
        channel.basicNack(tag(taken.get(3)), false, false);
        assertEquals(List.of("+a", "+e"), left(queue));
        channel.basicNack(0, true, true); // 0: all that are unacknowledged
        assertEquals(List.of("+f"), left(queue));
    }

    @Test
    void ackAndNackOfAllUpToAMessage() throws Exception {
        String queue = exclusiveQueue(channel);
        send(queue, "a", "b", "c", "d", "e", "f");
        List<Delivery> taken = take(consume(channel, queue, "only"), 6);
        channel.basicCancel("only");
        channel.basicAck(tag(taken.get(1)), true);
        channel.basicNack(tag(taken.get(3)), true, true);
        channel.basicAck(tag(taken.get(5)), true);
        assertEquals(List.of("+c", "+d"), left(queue));
    }

    @Test
    void recoverDeliversAgain() throws Exception {
        String queue = exclusiveQueue(channel);
        send(queue, "a", "b");
        BlockingQueue<Delivery> deliveries = consume(channel, queue, "");
        take(deliveries, 2);
        channel.basicRecover(true);
        for (String expected : List.of("a", "b")) {
            Delivery again = next(deliveries);
            assertEquals(expected, body(again));
            assertTrue(again.getEnvelope().isRedeliver());
        }
    }

    @Test
    void prefetchBoundsWhatIsInHand() throws Exception {
        String queue = exclusiveQueue(channel);
        channel.basicQos(3);
        send(queue, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j");
        BlockingQueue<Delivery> deliveries = consume(channel, queue, "");
        List<Delivery> taken = take(deliveries, 3);
        assertEquals(7, channel.messageCount(queue));
        channel.basicAck(tag(taken.get(2)), true);
        take(deliveries, 3);
        assertEquals(4, channel.messageCount(queue));
    }

    @Test
    void getAndGetFromAnEmptyQueue() throws Exception {
        String queue = exclusiveQueue(channel);
        assertNull(channel.basicGet(queue, false));
        send(queue, "one", "two");
        GetResponse got = channel.basicGet(queue, false);
        assertEquals("one", new String(got.getBody()));
        assertEquals(1, got.getMessageCount());
        assertFalse(got.getEnvelope().isRedeliver());
        channel.basicNack(got.getEnvelope().getDeliveryTag(), false, true);
        assertEquals(List.of("+one", "two"), left(queue));
    }

    @Test
    void messagesKeepTheirOrder() throws Exception {
        String queue = exclusiveQueue(channel);
        BlockingQueue<Delivery> deliveries = consume(connection.createChannel(), queue, "");
        for (int number = 0; number < 1000; number++) {
            send(queue, String.valueOf(number));
        }
        for (int number = 0; number < 1000; number++) {
            assertEquals(String.valueOf(number), body(next(deliveries)));
        }
    }

    @Test
    void aHigherPriorityIsServedWhileItHasCredit() throws Exception {
        String queue = exclusiveQueue(channel);
        channel.basicQos(2);
        BlockingQueue<Delivery> low = consume(channel, queue, "low");
        BlockingQueue<Delivery> high = new LinkedBlockingQueue<>();
        channel.basicConsume(queue, false, Map.of("x-priority", 5),
                (which, delivery) -> high.add(delivery), which -> { });
        send(queue, "a", "b", "c");
        assertEquals(List.of("a", "b"), take(high, 2).stream().map(Session::body).toList());
        assertEquals("c", body(next(low)));
    }

    @Test
    void aRequestIsAnsweredWithoutAQueue() throws Exception {
        BlockingQueue<Delivery> replies = new LinkedBlockingQueue<>();
        channel.basicConsume(REPLY_TO, true, (which, delivery) -> replies.add(delivery),
                which -> { });
        try (Connection other = factory().newConnection()) {
            Channel server = other.createChannel();
            String requests = exclusiveQueue(server);
            BlockingQueue<Delivery> deliveries = consume(server, requests, "");
            BasicProperties request =
                    new BasicProperties.Builder().replyTo(REPLY_TO).correlationId("7").build();
            channel.basicPublish("", requests, request, "6 * 7".getBytes());
            BasicProperties got = next(deliveries).getProperties();
            assertTrue(got.getReplyTo().startsWith(REPLY_TO + "."));
            BasicProperties answer =
                    new BasicProperties.Builder().correlationId(got.getCorrelationId()).build();
            server.basicPublish("", got.getReplyTo(), answer, "42".getBytes());
            Delivery reply = next(replies);
            assertEquals("7", reply.getProperties().getCorrelationId());
            assertEquals("42", body(reply));
        }
    }

    @Test
    void aCommitPublishesAndSettles() throws Exception {
        String queue = exclusiveQueue(channel);
        send(queue, "first");
        channel.txSelect();
        channel.basicAck(channel.basicGet(queue, false).getEnvelope().getDeliveryTag(), false);
        send(queue, "second");
        assertEquals(0, channel.messageCount(queue));
        channel.txCommit();
        assertEquals(List.of("second"), left(queue));
    }

    @Test
    void aRollbackForgetsBoth() throws Exception {
        String queue = exclusiveQueue(channel);
        send(queue, "first");
        channel.txSelect();
        long tag = channel.basicGet(queue, false).getEnvelope().getDeliveryTag();
        channel.basicAck(tag, false);
        send(queue, "second");
        channel.txRollback();
        channel.basicNack(tag, false, true); // still unacknowledged, so it can be refused
        channel.txCommit();
        assertEquals(List.of("+first"), left(queue));
    }
}
