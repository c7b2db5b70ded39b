import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A test with a connection of its own to the broker under test, and what it needs of it. */
abstract class Session {
    static final int WAIT_SECONDS_MAX = 10;
    static final BasicProperties PLAIN = new BasicProperties();

    Connection connection;
    Channel channel;

    @BeforeEach
    void open() throws Exception {
        connection = factory().newConnection();
        channel = connection.createChannel();
    }

    @AfterEach
    void close() {
        connection.abort(); // whether or not an error has closed it already
    }

    static ConnectionFactory factory() throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setUri(System.getenv("LEVERET_TEST_BROKER").replaceFirst("/$", ""));
        factory.setAutomaticRecoveryEnabled(false);
        return factory;
    }

    static String uniqueName() {
        return "java-client." + UUID.randomUUID();
    }

    static String exclusiveQueue(Channel channel) throws IOException {
        return channel.queueDeclare("", false, true, false, null).getQueue();
    }

    /** One that goes when its last binding does. */
    String exchange(String type, Map<String, Object> arguments) throws IOException {
        String name = uniqueName();
        channel.exchangeDeclare(name, type, true, true, arguments);
        return name;
    }

    void send(String queue, String... bodies) throws IOException {
        for (String body : bodies) {
            channel.basicPublish("", queue, PLAIN, body.getBytes());
        }
    }

    /**
     * Returns when the queue has the messages, so that counts are right: RabbitMQ lets a question
     * for the count overtake messages.
     */
    static void sendAndWait(Channel channel, String queue, String... bodies) throws Exception {
        channel.confirmSelect();
        for (String body : bodies) {
            channel.basicPublish("", queue, PLAIN, body.getBytes());
        }
        channel.waitForConfirmsOrDie(WAIT_SECONDS_MAX * 1000);
    }

    /** Consumes without a limit; acknowledging is the caller's. */
    static BlockingQueue<Delivery> consume(Channel channel, String queue, String tag)
            throws IOException {
        BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
        channel.basicConsume(queue, false, tag, (which, delivery) -> deliveries.add(delivery),
                (which, signal) -> { });
        return deliveries;
    }

    static <T> T next(BlockingQueue<T> from) throws InterruptedException {
        T value = from.poll(WAIT_SECONDS_MAX, TimeUnit.SECONDS);
        assertNotNull(value, "nothing came");
        return value;
    }

    static List<Delivery> take(BlockingQueue<Delivery> from, int count)
            throws InterruptedException {
        List<Delivery> taken = new ArrayList<>();
        while (taken.size() < count) {
            taken.add(next(from));
        }
        return taken;
    }

    static long tag(Delivery delivery) {
        return delivery.getEnvelope().getDeliveryTag();
    }

    static String body(Delivery delivery) {
        return new String(delivery.getBody());
    }

    /** The bodies in a queue, '+' before those delivered before; the queue is empty then. */
    List<String> left(String queue) throws IOException {
        List<String> bodies = new ArrayList<>();
        for (GetResponse got; (got = channel.basicGet(queue, true)) != null; ) {
            bodies.add((got.getEnvelope().isRedeliver() ? "+" : "") + new String(got.getBody()));
        }
        return bodies;
    }

    /** What the broker said when it closed a channel or connection. */
    static void assertRefused(ShutdownSignalException signal, int code, String text) {
        int closeCode;
        String closeText;
        if (signal.getReason() instanceof AMQP.Channel.Close close) {
            closeCode = close.getReplyCode();
            closeText = close.getReplyText();
        } else {
            AMQP.Connection.Close close = (AMQP.Connection.Close) signal.getReason();
            closeCode = close.getReplyCode();
            closeText = close.getReplyText();
        }
        assertEquals(code + " " + text, closeCode + " " + closeText);
    }
}
