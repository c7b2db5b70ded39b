package interop

import (
	"strconv"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestExchangesRouteByKey(t *testing.T) {
	for _, each := range []struct {
		kind, binding   string
		reached, missed []string
	}{
		{"direct", "exact", []string{"exact"}, []string{"exac", "exact.ly", ""}},
		{"fanout", "ignored", []string{"anything", ""}, nil},
		{"topic", "a.*.#", []string{"a.b", "a.b.c", "a.b.c.d"}, []string{"a", "b.a", "", "aa.b"}},
	} {
		each := each
		t.Run(each.kind, func(t *testing.T) {
			channel := start(t)
			queue, name := exclusiveQueue(t, channel), exchange(t, channel, each.kind, nil)
			must(t, channel.QueueBind(queue, each.binding, name, false, nil))
			for _, key := range append(each.reached, each.missed...) {
				publish(t, channel, name, key, amqp.Publishing{Body: []byte(key)})
			}
			equal(t, left(t, channel, queue), each.reached)
			must(t, channel.QueueUnbind(queue, each.binding, name, nil))
		})
	}
}

func TestAHeadersExchangeMatchesHeaders(t *testing.T) {
	for _, each := range []struct {
		match   string
		reached []string
	}{
		{"all", []string{"both"}},
		{"any", []string{"both", "one"}},
	} {
		each := each
		t.Run(each.match, func(t *testing.T) {
			channel := start(t)
			queue, name := exclusiveQueue(t, channel), exchange(t, channel, "headers", nil)
			pattern := amqp.Table{"x-match": each.match, "animal": "hare", "legs": int32(4)}
			must(t, channel.QueueBind(queue, "", name, false, pattern))
			for _, sent := range []struct {
				body    string
				headers amqp.Table
			}{
				{"both", amqp.Table{"animal": "hare", "legs": int32(4), "ears": "long"}},
				{"one", amqp.Table{"animal": "hare", "legs": int32(3)}},
				{"none", amqp.Table{"animal": "fox"}},
			} {
				message := amqp.Publishing{Headers: sent.headers, Body: []byte(sent.body)}
				publish(t, channel, name, "", message)
			}
			equal(t, left(t, channel, queue), each.reached)
		})
	}
}

func TestAnExchangeIsBoundToAnExchange(t *testing.T) {
	channel := start(t)
	source, destination := exchange(t, channel, "topic", nil), exchange(t, channel, "fanout", nil)
	queue := exclusiveQueue(t, channel)
	must(t, channel.QueueBind(queue, "", destination, false, nil))
	must(t, channel.ExchangeBind(destination, "hares.#", source, false, nil))
	for _, key := range []string{"hares.brown", "foxes.red"} {
		publish(t, channel, source, key, amqp.Publishing{Body: []byte(key)})
	}
	equal(t, left(t, channel, queue), []string{"hares.brown"})
	must(t, channel.ExchangeUnbind(destination, "hares.#", source, false, nil))
}

func TestAnAlternateExchangeGetsWhatIsNotRouted(t *testing.T) {
	channel := start(t)
	alternate := exchange(t, channel, "fanout", nil)
	name := exchange(t, channel, "direct", amqp.Table{"alternate-exchange": alternate})
	routed, rest := exclusiveQueue(t, channel), exclusiveQueue(t, channel)
	must(t, channel.QueueBind(routed, "known", name, false, nil))
	must(t, channel.QueueBind(rest, "", alternate, false, nil))
	for _, key := range []string{"known", "unknown"} {
		publish(t, channel, name, key, amqp.Publishing{Body: []byte(key)})
	}
	equal(t, left(t, channel, routed), []string{"known"})
	equal(t, left(t, channel, rest), []string{"unknown"})
}

func TestTheServerNamesQueues(t *testing.T) {
	channel := start(t)
	first, second := exclusiveQueue(t, channel), exclusiveQueue(t, channel)
	equal(t, strings.HasPrefix(first, "amq.gen-"), true)
	equal(t, first == second, false)
}

func TestDeclarePurgeAndDeleteCountMessages(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	sendAndWait(t, channel, queue, "a", "b", "c")
	equal(t, ready(t, channel, queue), 3)
	purged, err := channel.QueuePurge(queue, false)
	must(t, err)
	equal(t, purged, 3)
	sendAndWait(t, channel, queue, "d")
	deleted, err := channel.QueueDelete(queue, false, false, false)
	must(t, err)
	equal(t, deleted, 1)
}

func TestAnExclusiveQueueGoesWithItsConnection(t *testing.T) {
	channel := start(t)
	owner, name := dial(t, amqp.Config{}), uniqueName()
	_, err := open(t, owner).QueueDeclare(name, false, false, true, false, nil)
	must(t, err)
	must(t, owner.Close())
	_, err = channel.QueueDeclare(name, false, false, true, false, nil)
	must(t, err)
}

func TestADeletedQueueCancelsItsConsumer(t *testing.T) {
	channel := start(t)
	queue := exclusiveQueue(t, channel)
	cancelled := channel.NotifyCancel(make(chan string, 1))
	deliveries := consume(t, channel, queue, "orphan")
	_, err := channel.QueueDelete(queue, false, false, false)
	must(t, err)
	equal(t, next(t, cancelled), "orphan")
	_, more := <-deliveries
	equal(t, more, false)
}

func TestTwoHundredChannelsAtOnce(t *testing.T) {
	t.Parallel()
	connection := dial(t, amqp.Config{})
	consumer := open(t, connection)
	queue := exclusiveQueue(t, consumer)
	deliveries := consume(t, consumer, queue, "")
	for number := 0; number < 200; number++ {
		send(t, open(t, connection), queue, strconv.Itoa(number))
	}
	numbers := map[string]bool{}
	for _, delivery := range take(t, deliveries, 200) {
		numbers[string(delivery.Body)] = true
	}
	equal(t, len(numbers), 200)
}
