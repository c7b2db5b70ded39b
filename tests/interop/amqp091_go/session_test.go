// Package interop holds the cases for amqp091-go: each a test of Go's own, run against the broker
// that LEVERET_TEST_BROKER names. This file is what they share.
package interop

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const waitMax = 10 * time.Second

var url = os.Getenv("LEVERET_TEST_BROKER")

// dial opens a connection that is closed when the test ends, however it ends.
func dial(t *testing.T, config amqp.Config) *amqp.Connection {
	t.Helper()
	connection, err := amqp.DialConfig(url, config)
	must(t, err)
	t.Cleanup(func() { _ = connection.Close() }) // a hard error has closed it already
	return connection
}

func open(t *testing.T, connection *amqp.Connection) *amqp.Channel {
	t.Helper()
	channel, err := connection.Channel()
	must(t, err)
	return channel
}

// start gives a channel on a connection of its own.
func start(t *testing.T) *amqp.Channel {
	t.Helper()
	t.Parallel()
	return open(t, dial(t, amqp.Config{}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, got, wanted any) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Fatalf("got %#v, wanted %#v", got, wanted)
	}
}

// next is what a Go channel gives, unless that takes too long.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value, isOpen := <-from:
		if !isOpen {
			t.Fatal("closed, where something was to come")
		}
		return value
	case <-time.After(waitMax):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

// refused checks that an error came from the broker, with this code and text.
func refused(t *testing.T, err error, code int, reason string) {
	t.Helper()
	var refusal *amqp.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %#v, wanted %d %s", err, code, reason)
	}
	equal(t, *refusal, amqp.Error{Code: code, Reason: reason, Server: true, Recover: isSoft(code)})
}

func isSoft(code int) bool {
	return code >= 403 && code <= 406 || code == amqp.ContentTooLarge || code == amqp.NoRoute
}

func uniqueName() string {
	bytes := make([]byte, 8)
	_, _ = rand.Read(bytes) // of this reader the documentation says that it never fails
	return "amqp091-go." + hex.EncodeToString(bytes)
}

func exclusiveQueue(t *testing.T, channel *amqp.Channel) string {
	t.Helper()
	queue, err := channel.QueueDeclare("", false, false, true, false, nil)
	must(t, err)
	return queue.Name
}

// exchange declares one that goes when its last binding does.
func exchange(t *testing.T, channel *amqp.Channel, kind string, arguments amqp.Table) string {
	t.Helper()
	name := uniqueName()
	must(t, channel.ExchangeDeclare(name, kind, true, true, false, false, arguments))
	return name
}

func send(t *testing.T, channel *amqp.Channel, queue string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		publish(t, channel, "", queue, amqp.Publishing{Body: []byte(body)})
	}
}

// sendAndWait returns when the queue has the messages, so that counts are right: RabbitMQ lets
// a question for the count overtake messages. The channel is in confirm mode from then on.
func sendAndWait(t *testing.T, channel *amqp.Channel, queue string, bodies ...string) {
	t.Helper()
	must(t, channel.Confirm(false))
	for _, body := range bodies {
		message := amqp.Publishing{Body: []byte(body)}
		confirmation, err := channel.PublishWithDeferredConfirm("", queue, false, false, message)
		must(t, err)
		confirmed(t, confirmation)
	}
}

func confirmed(t *testing.T, confirmation *amqp.DeferredConfirmation) {
	t.Helper()
	limit, cancel := context.WithTimeout(context.Background(), waitMax)
	defer cancel()
	acknowledged, err := confirmation.WaitContext(limit)
	must(t, err)
	equal(t, acknowledged, true)
}

func publish(t *testing.T, channel *amqp.Channel, exchange, key string, message amqp.Publishing) {
	t.Helper()
	must(t, channel.Publish(exchange, key, false, false, message))
}

func consume(t *testing.T, channel *amqp.Channel, queue, tag string) <-chan amqp.Delivery {
	t.Helper()
	deliveries, err := channel.Consume(queue, tag, false, false, false, false, nil)
	must(t, err)
	return deliveries
}

func take(t *testing.T, deliveries <-chan amqp.Delivery, count int) []amqp.Delivery {
	t.Helper()
	var taken []amqp.Delivery
	for len(taken) < count {
		taken = append(taken, next(t, deliveries))
	}
	return taken
}

// left is the bodies in a queue, "+" before those delivered before; the queue is empty then.
func left(t *testing.T, channel *amqp.Channel, queue string) []string {
	t.Helper()
	bodies := []string{}
	for {
		message, ok, err := channel.Get(queue, true)
		must(t, err)
		if !ok {
			return bodies
		}
		mark := map[bool]string{true: "+"}[message.Redelivered]
		bodies = append(bodies, mark+string(message.Body))
	}
}

func ready(t *testing.T, channel *amqp.Channel, queue string) int {
	t.Helper()
	state, err := channel.QueueDeclarePassive(queue, false, false, true, false, nil)
	must(t, err)
	return state.Messages
}
