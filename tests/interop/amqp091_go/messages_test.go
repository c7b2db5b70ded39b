package interop

import (
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestEachMessageOfABurstIsConfirmed(t *testing.T) {
	channel := start(t)
	must(t, channel.Confirm(false))
	queue := exclusiveQueue(t, channel)
	var waiting []*amqp.DeferredConfirmation
	for number := 0; number < 500; number++ {
		confirmation, err := channel.PublishWithDeferredConfirm(
			"", queue, false, false, amqp.Publishing{Body: []byte(strconv.Itoa(number))})
		must(t, err)
		waiting = append(waiting, confirmation)
	}
	for _, confirmation := range waiting {
		confirmed(t, confirmation)
	}
	equal(t, ready(t, channel, queue), 500)
}

func TestConfirmsAreNumberedFromOneOn(t *testing.T) {
	channel := start(t)
	must(t, channel.Confirm(false))
	confirmations := channel.NotifyPublish(make(chan amqp.Confirmation, 100))
	queue := exclusiveQueue(t, channel)
	send(t, channel, queue, strings.Split(strings.Repeat("x", 100), "")...)
	for number := uint64(1); number <= 100; number++ {
		equal(t, next(t, confirmations), amqp.Confirmation{DeliveryTag: number, Ack: true})
	}
}

func TestAMandatoryMessageWithoutAQueueIsReturnedAndThenConfirmed(t *testing.T) {
	channel := start(t)
	must(t, channel.Confirm(false))
	returns := channel.NotifyReturn(make(chan amqp.Return, 1))
	message := amqp.Publishing{Type: "t", Body: []byte("back")}
	confirmation, err := channel.PublishWithDeferredConfirm(
		"amq.topic", "no.body", true, false, message)
	must(t, err)
	confirmed(t, confirmation)
	select {
	case returned := <-returns: // must be here already: the return precedes the confirm
		equal(t, returned.ReplyCode, uint16(amqp.NoRoute))
		equal(t, returned.ReplyText, "NO_ROUTE")
		equal(t, []string{returned.Exchange, returned.RoutingKey}, []string{"amq.topic", "no.body"})
		equal(t, []string{returned.Type, string(returned.Body)}, []string{"t", "back"})
	default:
		t.Fatal("confirmed, and not returned before")
	}
}

func TestAMandatoryMessageWithAQueueIsNotReturned(t *testing.T) {
	channel := start(t)
	must(t, channel.Confirm(false))
	returns := channel.NotifyReturn(make(chan amqp.Return, 1))
	queue := exclusiveQueue(t, channel)
	confirmation, err := channel.PublishWithDeferredConfirm("", queue, true, false, amqp.Publishing{})
	must(t, err)
	confirmed(t, confirmation)
	equal(t, len(returns), 0)
}

func TestAcknowledgedMessagesAreGoneAndRefusedOnesKeepTheirPlaces(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	send(t, channel, queue, "a", "b", "c", "d", "e", "f")
	taken := take(t, consume(t, channel, queue, "only"), 6)
	must(t, channel.Cancel("only", false))
	must(t, taken[1].Ack(false))
	must(t, taken[4].Nack(false, true))
	must(t, taken[2].Reject(false))
	must(t, taken[0].Reject(true))
	must(t, taken[3].Nack(false, false))
	equal(t, left(t, channel, queue), []string{"+a", "+e"})
	must(t, channel.Nack(0, true, true)) // 0: all that are unacknowledged
	equal(t, left(t, channel, queue), []string{"+f"})
}

func TestAckAndNackOfAllUpToAMessage(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	send(t, channel, queue, "a", "b", "c", "d", "e", "f")
	taken := take(t, consume(t, channel, queue, "only"), 6)
	must(t, channel.Cancel("only", false))
	must(t, taken[1].Ack(true))
	must(t, taken[3].Nack(true, true))
	must(t, taken[5].Ack(true))
	equal(t, left(t, channel, queue), []string{"+c", "+d"})
}

func TestRecoverDeliversAgain(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	send(t, channel, queue, "a", "b")
	deliveries := consume(t, channel, queue, "")
	take(t, deliveries, 2)
	must(t, channel.Recover(true))
	for index, again := range take(t, deliveries, 2) {
		equal(t, string(again.Body), []string{"a", "b"}[index])
		equal(t, again.Redelivered, true)
	}
}

func TestPrefetchBoundsWhatIsInHand(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	must(t, channel.Qos(3, 0, false))
	send(t, channel, queue, strings.Split("abcdefghij", "")...)
	deliveries := consume(t, channel, queue, "")
	taken := take(t, deliveries, 3)
	equal(t, ready(t, channel, queue), 7)
	must(t, taken[2].Ack(true))
	take(t, deliveries, 3)
	equal(t, ready(t, channel, queue), 4)
}

func TestGetAndGetFromAnEmptyQueue(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	_, ok, err := channel.Get(queue, false)
	must(t, err)
	equal(t, ok, false)
	send(t, channel, queue, "one", "two")
	message, _, err := channel.Get(queue, false)
	must(t, err)
	equal(t, string(message.Body), "one")
	equal(t, message.MessageCount, uint32(1))
	must(t, message.Nack(false, true))
	equal(t, left(t, channel, queue), []string{"+one", "two"})
}

func TestMessagesKeepTheirOrder(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	deliveries := consume(t, channel, queue, "")
	go func() {
		for number := 0; number < 1000; number++ {
			body := amqp.Publishing{Body: []byte(strconv.Itoa(number))}
			_ = channel.Publish("", queue, false, false, body) // what is missing is noticed below
		}
	}()
	for number := 0; number < 1000; number++ {
		delivery := next(t, deliveries)
		equal(t, string(delivery.Body), strconv.Itoa(number))
		must(t, delivery.Ack(false))
	}
}

func TestAHigherPriorityIsServedWhileItHasCredit(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	must(t, channel.Qos(2, 0, false))
	low := consume(t, channel, queue, "low")
	priority := amqp.Table{"x-priority": int32(5)}
	high, err := channel.Consume(queue, "high", false, false, false, false, priority)
	must(t, err)
	send(t, channel, queue, "a", "b", "c")
	equal(t, string(take(t, high, 2)[1].Body), "b")
	equal(t, string(next(t, low).Body), "c")
}

func TestARequestIsAnsweredWithoutAQueue(t *testing.T) {
	channel := start(t)
	const pseudoQueue = "amq.rabbitmq.reply-to"
	replies, err := channel.Consume(pseudoQueue, "", true, false, false, false, nil)
	must(t, err)
	server := open(t, dial(t, amqp.Config{}))
	requests := exclusiveQueue(t, server)
	deliveries := consume(t, server, requests, "")
	request := amqp.Publishing{ReplyTo: pseudoQueue, CorrelationId: "7", Body: []byte("6 * 7")}
	publish(t, channel, "", requests, request)
	got := next(t, deliveries)
	equal(t, strings.HasPrefix(got.ReplyTo, pseudoQueue+"."), true)
	answer := amqp.Publishing{CorrelationId: got.CorrelationId, Body: []byte("42")}
	publish(t, server, "", got.ReplyTo, answer)
	reply := next(t, replies)
	equal(t, []string{reply.CorrelationId, string(reply.Body)}, []string{"7", "42"})
}

func TestACommitPublishesAndSettles(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	send(t, channel, queue, "first")
	must(t, channel.Tx())
	message, _, err := channel.Get(queue, false)
	must(t, err)
	must(t, message.Ack(false))
	send(t, channel, queue, "second")
	equal(t, ready(t, channel, queue), 0)
	must(t, channel.TxCommit())
	equal(t, left(t, channel, queue), []string{"second"})
}

func TestARollbackForgetsBoth(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	send(t, channel, queue, "first")
	must(t, channel.Tx())
	message, _, err := channel.Get(queue, false)
	must(t, err)
	must(t, message.Ack(false))
	send(t, channel, queue, "second")
	must(t, channel.TxRollback())
	must(t, message.Nack(false, true)) // still unacknowledged, so it can be refused
	must(t, channel.TxCommit())
	equal(t, left(t, channel, queue), []string{"+first"})
}

func TestHeartbeatsKeepAnIdleConnectionAlive(t *testing.T) {
	t.Parallel()
	// The client gives up on a broker that is silent for three seconds, the broker after two.
	connection := dial(t, amqp.Config{Heartbeat: time.Second})
	select {
	case err := <-connection.NotifyClose(make(chan *amqp.Error, 1)):
		t.Fatal(err)
	case <-time.After(3400 * time.Millisecond):
	}
	exclusiveQueue(t, open(t, connection))
}
