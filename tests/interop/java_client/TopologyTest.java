import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TopologyTest extends Session {
    static Stream<Arguments> routing() {
        return Stream.of(
                Arguments.of("direct", "exact", List.of("exact"), List.of("exac", "exact.ly", "")),
                Arguments.of("fanout", "ignored", List.of("anything", ""), List.of()),
                Arguments.of("topic", "a.*.#", List.of("a.b", "a.b.c", "a.b.c.d"),
                        List.of("a", "b.a", "", "aa.b")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("routing")
    void exchangesRouteByKey(String type, String binding, List<String> reached, List<String> missed)
            throws Exception {
        String queue = exclusiveQueue(channel);
        String exchange = exchange(type, null);
        channel.queueBind(queue, exchange, binding);
        for (String key : Stream.concat(reached.stream(), missed.stream()).toList()) {
            channel.basicPublish(exchange, key, PLAIN, key.getBytes());
        }
        assertEquals(reached, left(queue));
        channel.queueUnbind(queue, exchange, binding);
    }

    @ParameterizedTest
    @CsvSource({"all, both", "any, both one"})
    void aHeadersExchangeMatchesHeaders(String match, String reached) throws Exception {
        String queue = exclusiveQueue(channel);
        String exchange = exchange("headers", null);
        Map<String, Object> pattern = Map.of("x-match", match, "animal", "hare", "legs", 4);
        channel.queueBind(queue, exchange, "", pattern);
        publish(exchange, Map.of("animal", "hare", "legs", 4, "ears", "long"), "both");
        publish(exchange, Map.of("animal", "hare", "legs", 3), "one");
        publish(exchange, Map.of("animal", "fox"), "none");
        assertEquals(List.of(reached.split(" ")), left(queue));
    }

    private void publish(String exchange, Map<String, Object> headers, String body)
            throws Exception {
        BasicProperties properties = new BasicProperties.Builder().headers(headers).build();
        channel.basicPublish(exchange, "", properties, body.getBytes());
    }

    @Test
    void anExchangeIsBoundToAnExchange() throws Exception {
        String source = exchange("topic", null);
        String destination = exchange("fanout", null);
        String queue = exclusiveQueue(channel);
        channel.queueBind(queue, destination, "");
        channel.exchangeBind(destination, source, "hares.#");
        channel.basicPublish(source, "hares.brown", PLAIN, "hare".getBytes());
        channel.basicPublish(source, "foxes.red", PLAIN, "fox".getBytes());
        assertEquals(List.of("hare"), left(queue));
        channel.exchangeUnbind(destination, source, "hares.#");
    }

    @Test
    void anAlternateExchangeGetsWhatIsNotRouted() throws Exception {
        String alternate = exchange("fanout", null);
        String exchange = exchange("direct", Map.of("alternate-exchange", alternate));
        String routed = exclusiveQueue(channel);
        String rest = exclusiveQueue(channel);
        channel.queueBind(routed, exchange, "known");
        channel.queueBind(rest, alternate, "");
        for (String key : List.of("known", "unknown")) {
            channel.basicPublish(exchange, key, PLAIN, key.getBytes());
        }
        assertEquals(List.of("known"), left(routed));
        assertEquals(List.of("unknown"), left(rest));
    }

    @Test
    void theServerNamesQueues() throws Exception {
        String first = exclusiveQueue(channel);
        assertTrue(first.startsWith("amq.gen-"));
        assertNotEquals(first, exclusiveQueue(channel));
    }

    @Test
    void declarePurgeAndDeleteCountMessages() throws Exception {
        String queue = exclusiveQueue(channel);
        sendAndWait(channel, queue, "a", "b", "c");
        assertEquals(3, channel.queueDeclarePassive(queue).getMessageCount());
        assertEquals(3, channel.queuePurge(queue).getMessageCount());
        sendAndWait(channel, queue, "d");
        assertEquals(1, channel.queueDelete(queue).getMessageCount());
    }

    @Test
    void anExclusiveQueueGoesWithItsConnection() throws Exception {
        String name = uniqueName();
        try (Connection owner = factory().newConnection()) {
            owner.createChannel().queueDeclare(name, false, true, false, null);
        }
        channel.queueDeclare(name, false, true, false, null);
    }

    @Test
    void anAutoDeleteQueueGoesWithItsLastConsumer() throws Exception {
        String name = uniqueName();
        channel.queueDeclare(name, true, false, true, null);
        send(name, "old");
        next(consume(channel, name, "only"));
        channel.basicCancel("only");
        assertEquals(0, channel.queueDeclare(name, true, false, true, null).getMessageCount());
        channel.queueDelete(name);
    }

    @Test
    void aDeletedQueueCancelsItsConsumer() throws Exception {
        String queue = exclusiveQueue(channel);
        BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
        channel.basicConsume(queue, true, "orphan", (which, delivery) -> { }, cancelled::add);
        channel.queueDelete(queue);
        assertEquals("orphan", next(cancelled));
    }

    @Test
    void twoHundredChannelsAtOnce() throws Exception {
        String queue = exclusiveQueue(channel);
        BlockingQueue<Delivery> deliveries = consume(channel, queue, "");
        for (int number = 0; number < 200; number++) {
            Channel another = connection.createChannel();
            another.basicPublish("", queue, PLAIN, String.valueOf(number).getBytes());
        }
        assertEquals(200, take(deliveries, 200).stream().map(Session::body).distinct().count());
    }
}
