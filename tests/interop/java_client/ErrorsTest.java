import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.ShutdownNotifier;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ErrorsTest extends Session {
    /** What is done with a channel, an exclusive queue that is not empty, and an unused name. */
    private interface Act {
        void on(Channel channel, String queue, String name) throws IOException;
    }

    private record Misuse(String rule, Act act, int code, String text) {
        @Override
        public String toString() {
            return rule;
        }
    }

    static Stream<Misuse> misuses() {
        return Stream.concat(Stream.concat(notFound(), accessRefused()), preconditionFailed());
    }

    private static Stream<Misuse> notFound() {
        String noQueue = "NOT_FOUND - no queue 'NAME' in vhost '/'";
        String noExchange = "NOT_FOUND - no exchange 'NAME' in vhost '/'";
        return Stream.of(
                new Misuse("a check for no queue",
                        (it, queue, name) -> it.queueDeclarePassive(name), 404, noQueue),
                new Misuse("get from no queue",
                        (it, queue, name) -> it.basicGet(name, true), 404, noQueue),
                new Misuse("consume from no queue",
                        (it, queue, name) -> consume(it, name, ""), 404, noQueue),
                new Misuse("publish to no exchange",
                        (it, queue, name) -> it.basicPublish(name, "", PLAIN, new byte[0]),
                        404, noExchange),
                new Misuse("bind to no exchange",
                        (it, queue, name) -> it.queueBind(queue, name, ""), 404, noExchange),
                new Misuse("a check for no exchange",
                        (it, queue, name) -> it.exchangeDeclarePassive(name), 404, noExchange));
    }

    private static Stream<Misuse> accessRefused() {
        return Stream.of(
                new Misuse("a reserved name",
                        (it, queue, name) -> it.exchangeDeclare("amq.mine", "direct"),
                        403, "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix "
                        + "'amq.*'"),
                new Misuse("delete the default exchange",
                        (it, queue, name) -> it.exchangeDelete(""),
                        403, "ACCESS_REFUSED - operation not permitted on the default exchange"),
                new Misuse("consume beside an exclusive consumer", (it, queue, name) -> {
                    it.basicConsume(queue, true, "", false, true, null, new DefaultConsumer(it));
                    consume(it, queue, "");
                }, 403, "ACCESS_REFUSED - queue 'QUEUE' in vhost '/' in exclusive use"));
    }

    private static Stream<Misuse> preconditionFailed() {
        String failed = "PRECONDITION_FAILED - ";
        BasicProperties somebody = new BasicProperties.Builder().userId("somebody").build();
        return Stream.of(
                new Misuse("redeclare a queue that differs", (it, queue, name) -> {
                    it.queueDeclare(name, false, true, false, null);
                    it.queueDeclare(name, false, true, true, null);
                }, 406, failed + "inequivalent arg 'auto_delete' for queue 'NAME' in vhost '/': "
                        + "received 'true' but current is 'false'"),
                new Misuse("redeclare an exchange that differs",
                        (it, queue, name) -> it.exchangeDeclare("amq.topic", "topic", false),
                        406, failed + "inequivalent arg 'durable' for exchange 'amq.topic' "
                        + "in vhost '/': received 'false' but current is 'true'"),
                new Misuse("delete what is not empty",
                        (it, queue, name) -> it.queueDelete(queue, false, true),
                        406, failed + "queue 'QUEUE' in vhost '/' not empty"),
                new Misuse("delete what is in use", (it, queue, name) -> {
                    consume(it, queue, "");
                    it.queueDelete(queue, true, false);
                }, 406, failed + "queue 'QUEUE' in vhost '/' in use"),
                new Misuse("ack what was not delivered",
                        (it, queue, name) -> it.basicAck(5, false),
                        406, failed + "unknown delivery tag 5"),
                new Misuse("confirms in a transaction", (it, queue, name) -> {
                    it.txSelect();
                    it.confirmSelect();
                }, 406, failed + "cannot switch from tx to confirm mode"),
                new Misuse("name another user",
                        (it, queue, name) -> it.basicPublish("", queue, somebody, new byte[0]),
                        406, failed + "user_id property set to 'somebody' but authenticated user "
                        + "was 'guest'"));
    }

    @ParameterizedTest
    @MethodSource("misuses")
    void anErrorClosesTheChannelAlone(Misuse misuse) throws Exception {
        String queue = exclusiveQueue(channel);
        String name = uniqueName();
        sendAndWait(channel, queue, "full");
        Channel victim = connection.createChannel();
        ShutdownSignalException signal = shutdown(victim, () -> misuse.act.on(victim, queue, name));
        String text = misuse.text.replace("QUEUE", queue).replace("NAME", name);
        assertRefused(signal, misuse.code, text);
        channel.queueDeclarePassive(queue);
        connection.createChannel().queueDeclarePassive(queue);
    }

    private interface Action {
        void run() throws IOException;
    }

    /** How a channel or connection ended because of an action; the call itself may fail as well. */
    private static ShutdownSignalException shutdown(ShutdownNotifier victim, Action action)
            throws Exception {
        BlockingQueue<ShutdownSignalException> signals = new LinkedBlockingQueue<>();
        victim.addShutdownListener(signals::add);
        try {
            action.run();
        } catch (IOException error) {
            assertInstanceOf(ShutdownSignalException.class, error.getCause());
        }
        return next(signals);
    }

    @Test
    void anExclusiveQueueIsLockedForOtherConnections() throws Exception {
        String queue = exclusiveQueue(channel);
        try (Connection other = factory().newConnection()) {
            Channel stranger = other.createChannel();
            assertRefused(shutdown(stranger, () -> stranger.queueDeclarePassive(queue)), 405,
                    "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '" + queue
                    + "' in vhost '/'. It could be originally declared on another connection or "
                    + "the exclusive property value does not match that of the original "
                    + "declaration.");
        }
    }

    @Test
    void anImmediateMessageClosesTheConnection() throws Exception {
        assertRefused(shutdown(connection, () ->
                channel.basicPublish("", "nowhere", false, true, PLAIN, new byte[0])), 540,
                "NOT_IMPLEMENTED - immediate=true");
    }

    @Test
    void anUnknownVirtualHostIsRefused() throws Exception {
        ConnectionFactory factory = factory();
        factory.setVirtualHost("nowhere");
        IOException error = assertThrows(IOException.class, factory::newConnection);
        assertRefused((ShutdownSignalException) error.getCause(), 530,
                "NOT_ALLOWED - vhost nowhere not found");
    }

    @Test
    void aWrongPasswordIsRefused() throws Exception {
        ConnectionFactory factory = factory();
        factory.setPassword("wrong");
        IOException error =
                assertThrows(AuthenticationFailureException.class, factory::newConnection);
        assertEquals("ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. "
                + "For details see the broker logfile.", error.getMessage());
    }
}
