import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.LongString;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentTest extends Session {
    /** A message after its way through a queue. */
    private static GetResponse echo(Channel channel, BasicProperties properties, byte[] body)
            throws IOException {
        String queue = exclusiveQueue(channel);
        channel.basicPublish("", queue, properties, body);
        return channel.basicGet(queue, true);
    }

    private Map<String, Object> echo(Map<String, Object> headers) throws IOException {
        BasicProperties properties = new BasicProperties.Builder().headers(headers).build();
        return echo(channel, properties, new byte[0]).getProps().getHeaders();
    }

    private static byte[] body(int size) {
        byte[] body = new byte[size];
        for (int index = 0; index < size; index++) {
            body[index] = (byte) (index % 251);
        }
        return body;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 131063, 131064, 131065, 1 << 20, 5 << 20})
    void aBodyOfBytes(int size) throws Exception {
        assertArrayEquals(body(size), echo(channel, PLAIN, body(size)).getBody());
    }

    @Test
    void aBodyOfManySmallFrames() throws Exception {
        ConnectionFactory factory = factory();
        factory.setRequestedFrameMax(4096);
        try (Connection small = factory.newConnection()) {
            assertEquals(4096, small.getFrameMax());
            byte[] sent = body(1 << 20);
            assertArrayEquals(sent, echo(small.createChannel(), PLAIN, sent).getBody());
        }
    }

    @Test
    void allProperties() throws Exception {
        BasicProperties sent = new BasicProperties.Builder()
                .contentType("text/plain")
                .contentEncoding("utf-8")
                .deliveryMode(2)
                .priority(7)
                .correlationId("correlation")
                .replyTo("answers")
                .expiration("60000")
                .messageId("message")
                .timestamp(new Date(1_700_000_000_000L))
                .type("greeting")
                .userId("guest")
                .appId("tests")
                .clusterId("cluster")
                .build();
        assertEquals(sent, echo(channel, sent, new byte[0]).getProps());
    }

    static Stream<Arguments> values() {
        Map<String, Object> table = Map.of("deep", Map.of("deeper", List.of(Map.of())));
        return Stream.of(
                Arguments.of("bit", true),
                Arguments.of("int8", (byte) -128),
                Arguments.of("int16", Short.MIN_VALUE),
                Arguments.of("int32", Integer.MIN_VALUE),
                Arguments.of("int64", Long.MIN_VALUE),
                Arguments.of("float", 0.5f),
                Arguments.of("double", 3.25),
                Arguments.of("decimal", new BigDecimal("3.14")),
                Arguments.of("string", "ünï ✓ 🐇"),
                Arguments.of("bytes", new byte[] {0, -1}),
                Arguments.of("timestamp", new Date(1_700_000_000_000L)),
                Arguments.of("void", null),
                Arguments.of("array", Arrays.asList(1, "two", Collections.singletonList(null))),
                Arguments.of("table", table));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("values")
    void aHeaderOfType(String type, Object value) throws Exception {
        Object received = echo(Collections.singletonMap("value", value)).get("value");
        if (value instanceof byte[] bytes) {
            assertArrayEquals(bytes, (byte[]) received);
        } else {
            assertEquals(value, plain(received));
        }
    }

    /** What the client reads as a LongString was written as a String. */
    private static Object plain(Object value) {
        if (value instanceof List<?> list) {
            return Arrays.asList(list.stream().map(ContentTest::plain).toArray());
        }
        return value instanceof LongString text ? text.toString() : value;
    }

    @Test
    void headersOfSixtyKilobytes() throws Exception {
        Map<String, Object> headers = new HashMap<>();
        for (int number = 0; number < 60; number++) {
            headers.put("key-" + number, "v".repeat(1000));
        }
        Map<String, Object> received = echo(headers);
        received.replaceAll((key, value) -> plain(value));
        assertEquals(headers, received);
    }
}
