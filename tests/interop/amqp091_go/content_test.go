package interop

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// echo is a message after its way through a queue.
func echo(t *testing.T, channel *amqp.Channel, message amqp.Publishing) amqp.Delivery {
	t.Helper()
	queue := exclusiveQueue(t, channel)
	publish(t, channel, "", queue, message)
	delivery, ok, err := channel.Get(queue, true)
	must(t, err)
	equal(t, ok, true)
	return delivery
}

func TestBodiesOfAllSizes(t *testing.T) {
	channel := start(t)
	for _, size := range []int{0, 1, 131063, 131064, 131065, 1 << 20, 5 << 20} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			body := bytes.Repeat([]byte{byte(size), 'x'}, size/2+1)[:size]
			equal(t, bytes.Equal(echo(t, channel, amqp.Publishing{Body: body}).Body, body), true)
		})
	}
}

func TestABodyOfManySmallFrames(t *testing.T) {
	t.Parallel()
	connection := dial(t, amqp.Config{FrameSize: 4096})
	equal(t, connection.Config.FrameSize, 4096)
	body := bytes.Repeat([]byte("leveret"), 1<<20/7)
	got := echo(t, open(t, connection), amqp.Publishing{Body: body})
	equal(t, bytes.Equal(got.Body, body), true)
}

func TestAllProperties(t *testing.T) {
	channel := start(t)
	sent := amqp.Publishing{
		ContentType:     "text/plain",
		ContentEncoding: "utf-8",
		DeliveryMode:    amqp.Persistent,
		Priority:        7,
		CorrelationId:   "correlation",
		ReplyTo:         "answers",
		Expiration:      "60000",
		MessageId:       "message",
		Timestamp:       time.Unix(1700000000, 0),
		Type:            "greeting",
		UserId:          "guest",
		AppId:           "tests",
	}
	got := echo(t, channel, sent)
	equal(t, amqp.Publishing{
		ContentType:     got.ContentType,
		ContentEncoding: got.ContentEncoding,
		DeliveryMode:    got.DeliveryMode,
		Priority:        got.Priority,
		CorrelationId:   got.CorrelationId,
		ReplyTo:         got.ReplyTo,
		Expiration:      got.Expiration,
		MessageId:       got.MessageId,
		Timestamp:       got.Timestamp,
		Type:            got.Type,
		UserId:          got.UserId,
		AppId:           got.AppId,
	}, sent)
}

func TestHeadersOfAllTypes(t *testing.T) {
	channel := start(t)
	values := map[string]any{
		"bit":       true,
		"int8":      int8(-128),
		"uint8":     uint8(255),
		"int16":     int16(-32768),
		"uint16":    uint16(65535),
		"int32":     int32(math.MinInt32),
		"uint32":    uint32(math.MaxUint32),
		"int64":     int64(math.MinInt64),
		"float":     float32(0.5),
		"double":    3.25,
		"decimal":   amqp.Decimal{Scale: 2, Value: 314},
		"string":    "ünï ✓ 🐇",
		"bytes":     []byte{0, 255},
		"timestamp": time.Unix(1700000000, 0),
		"void":      nil,
		"array":     []any{int32(1), "two", []any{nil}, amqp.Table{"three": int32(3)}},
		"table":     amqp.Table{"deep": amqp.Table{"deeper": []any{amqp.Table{}}}},
	}
	for kind, value := range values {
		t.Run(kind, func(t *testing.T) {
			headers := amqp.Table{"value": value}
			equal(t, echo(t, channel, amqp.Publishing{Headers: headers}).Headers, headers)
		})
	}
}

func TestHeadersOfSixtyKilobytes(t *testing.T) {
	channel := start(t)
	headers := amqp.Table{}
	for number := 0; number < 60; number++ {
		headers["key-"+strconv.Itoa(number)] = strings.Repeat("v", 1000)
	}
	equal(t, echo(t, channel, amqp.Publishing{Headers: headers}).Headers, headers)
}
