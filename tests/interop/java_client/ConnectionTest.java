import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Recoverable;
import com.rabbitmq.client.RecoverableConnection;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ShutdownSignalException;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ConnectionTest extends Session {
    @Test
    void theServerSaysWhatItIsAndCan() {
        Object capabilities = connection.getServerProperties().get("capabilities");
        for (String each : List.of("publisher_confirms", "exchange_exchange_bindings",
                "basic.nack", "consumer_cancel_notify", "consumer_priorities", "direct_reply_to",
                "authentication_failure_close", "per_consumer_qos")) {
            assertEquals(true, ((Map<?, ?>) capabilities).get(each), each);
        }
    }

    @Test
    void heartbeatsKeepAnIdleConnectionAlive() throws Exception {
        ConnectionFactory factory = factory();
        factory.setRequestedHeartbeat(1); // either side gives up after two silent seconds
        BlockingQueue<ShutdownSignalException> broken = new LinkedBlockingQueue<>();
        try (Connection idle = factory.newConnection()) {
            assertEquals(1, idle.getHeartbeat());
            idle.addShutdownListener(broken::add);
            assertNull(broken.poll(2400, TimeUnit.MILLISECONDS));
            exclusiveQueue(idle.createChannel());
        }
    }

    @Test
    void aListenerForBlockedConnectionsIsNotToldWithoutCause() throws Exception {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        BlockedListener listener = connection.addBlockedListener(told::add, () -> told.add("over"));
        exclusiveQueue(channel);
        assertTrue(connection.removeBlockedListener(listener));
        assertEquals(0, told.size());
    }

    @Test
    void aLostConnectionIsRecoveredWithItsQueueBindingAndConsumer() throws Exception {
        BlockingQueue<Socket> sockets = new LinkedBlockingQueue<>();
        ConnectionFactory factory = factory();
        factory.setAutomaticRecoveryEnabled(true);
        factory.setNetworkRecoveryInterval(100);
        factory.setSocketConfigurator(sockets::add);
        try (Connection lost = factory.newConnection()) {
            BlockingQueue<String> recovered = recoveries(lost);
            Channel survivor = lost.createChannel();
            String queue = exclusiveQueue(survivor);
            survivor.queueBind(queue, "amq.direct", queue);
            BlockingQueue<Delivery> deliveries = consume(survivor, queue, "");
            next(sockets).close();
            assertEquals("recovered", next(recovered));
            next(sockets);
            // The server names the queue anew, the client carries the binding's key over.
            channel.basicPublish("amq.direct", queue, PLAIN, "after".getBytes());
            assertEquals("after", body(next(deliveries)));
        }
    }

    private static BlockingQueue<String> recoveries(Connection connection) {
        BlockingQueue<String> recovered = new LinkedBlockingQueue<>();
        ((RecoverableConnection) connection).addRecoveryListener(new RecoveryListener() {
            @Override
            public void handleRecovery(Recoverable recoverable) {
                recovered.add("recovered");
            }

            @Override
            public void handleRecoveryStarted(Recoverable recoverable) { }
        });
        return recovered;
    }
}
