package interop

import (
	neturl "net/url"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

const lockedElsewhere = "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue " +
	"'QUEUE' in vhost '/'. It could be originally declared on another connection or the " +
	"exclusive property value does not match that of the original declaration."

// misuse is done with a channel, an exclusive queue that is not empty, and a name that nothing has.
type misuse struct {
	rule   string
	act    func(channel *amqp.Channel, queue, name string)
	code   int
	reason string
}

var misuses = []misuse{
	{"a check for no queue", func(channel *amqp.Channel, _, name string) {
		_, _ = channel.QueueDeclarePassive(name, false, false, false, false, nil)
	}, 404, "NOT_FOUND - no queue 'NAME' in vhost '/'"},
	{"get from no queue", func(channel *amqp.Channel, _, name string) {
		_, _, _ = channel.Get(name, true)
	}, 404, "NOT_FOUND - no queue 'NAME' in vhost '/'"},
	{"consume from no queue", func(channel *amqp.Channel, _, name string) {
		_, _ = channel.Consume(name, "", true, false, false, false, nil)
	}, 404, "NOT_FOUND - no queue 'NAME' in vhost '/'"},
	{"publish to no exchange", func(channel *amqp.Channel, _, name string) {
		_ = channel.Publish(name, "", false, false, amqp.Publishing{})
	}, 404, "NOT_FOUND - no exchange 'NAME' in vhost '/'"},
	{"bind to no exchange", func(channel *amqp.Channel, queue, name string) {
		_ = channel.QueueBind(queue, "", name, false, nil)
	}, 404, "NOT_FOUND - no exchange 'NAME' in vhost '/'"},
	{"a reserved name", func(channel *amqp.Channel, _, _ string) {
		_, _ = channel.QueueDeclare("amq.mine", false, false, true, false, nil)
	}, 403, "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"},
	{"bind to the default exchange", func(channel *amqp.Channel, queue, _ string) {
		_ = channel.QueueBind(queue, "key", "", false, nil)
	}, 403, "ACCESS_REFUSED - operation not permitted on the default exchange"},
	{"consume beside an exclusive consumer", func(channel *amqp.Channel, queue, _ string) {
		_, _ = channel.Consume(queue, "", true, true, false, false, nil)
		_, _ = channel.Consume(queue, "", true, false, false, false, nil)
	}, 403, "ACCESS_REFUSED - queue 'QUEUE' in vhost '/' in exclusive use"},
	{"redeclare a queue that differs", func(channel *amqp.Channel, _, name string) {
		_, _ = channel.QueueDeclare(name, false, false, true, false, nil)
		_, _ = channel.QueueDeclare(name, false, true, true, false, nil)
	}, 406, "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue 'NAME' in vhost '/': " +
		"received 'true' but current is 'false'"},
	{"redeclare an exchange that differs", func(channel *amqp.Channel, _, _ string) {
		_ = channel.ExchangeDeclare("amq.topic", "fanout", true, false, false, false, nil)
	}, 406, "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'amq.topic' in vhost '/': " +
		"received 'fanout' but current is 'topic'"},
	{"delete what is not empty", func(channel *amqp.Channel, queue, _ string) {
		_, _ = channel.QueueDelete(queue, false, true, false)
	}, 406, "PRECONDITION_FAILED - queue 'QUEUE' in vhost '/' not empty"},
	{"delete what is in use", func(channel *amqp.Channel, queue, _ string) {
		_, _ = channel.Consume(queue, "", true, false, false, false, nil)
		_, _ = channel.QueueDelete(queue, true, false, false)
	}, 406, "PRECONDITION_FAILED - queue 'QUEUE' in vhost '/' in use"},
	{"ack what was not delivered", func(channel *amqp.Channel, _, _ string) {
		_ = channel.Ack(5, false)
	}, 406, "PRECONDITION_FAILED - unknown delivery tag 5"},
	{"confirms in a transaction", func(channel *amqp.Channel, _, _ string) {
		_ = channel.Tx()
		_ = channel.Confirm(false)
	}, 406, "PRECONDITION_FAILED - cannot switch from tx to confirm mode"},
	{"name another user", func(channel *amqp.Channel, queue, _ string) {
		_ = channel.Publish("", queue, false, false, amqp.Publishing{UserId: "somebody"})
	}, 406, "PRECONDITION_FAILED - user_id property set to 'somebody' " +
		"but authenticated user was 'guest'"},
	{"a reply without a consumer", func(channel *amqp.Channel, queue, _ string) {
		message := amqp.Publishing{ReplyTo: "amq.rabbitmq.reply-to"}
		_ = channel.Publish("", queue, false, false, message)
	}, 406, "PRECONDITION_FAILED - fast reply consumer does not exist"},
}

func TestAnErrorClosesTheChannelAlone(t *testing.T) {
	for _, each := range misuses {
		each := each
		t.Run(each.rule, func(t *testing.T) {
			t.Parallel()
			connection := dial(t, amqp.Config{})
			bystander, channel := open(t, connection), open(t, connection)
			queue, name := exclusiveQueue(t, bystander), uniqueName()
			sendAndWait(t, bystander, queue, "full")
			closed := channel.NotifyClose(make(chan *amqp.Error, 1))
			each.act(channel, queue, name)
			reason := strings.NewReplacer("QUEUE", queue, "NAME", name).Replace(each.reason)
			refused(t, next(t, closed), each.code, reason)
			ready(t, bystander, queue)
			ready(t, open(t, connection), queue)
		})
	}
}

func TestAnExclusiveQueueIsLockedForOtherConnections(t *testing.T) {
	queue := exclusiveQueue(t, start(t))
	_, err := open(t, dial(t, amqp.Config{})).QueueInspect(queue)
	refused(t, err, 405, strings.ReplaceAll(lockedElsewhere, "QUEUE", queue))
}

func TestAConsumerTagUsedTwiceClosesTheConnection(t *testing.T) {
	t.Parallel()
	connection := dial(t, amqp.Config{})
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	channel := open(t, connection)
	queue := exclusiveQueue(t, channel)
	consume(t, channel, queue, "twin")
	_, _ = channel.Consume(queue, "twin", false, false, false, false, nil)
	refused(t, next(t, closed), 530, "NOT_ALLOWED - attempt to reuse consumer tag 'twin'")
}

func TestAnImmediateMessageClosesTheConnection(t *testing.T) {
	t.Parallel()
	connection := dial(t, amqp.Config{})
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	channel := open(t, connection)
	must(t, channel.Publish("", exclusiveQueue(t, channel), false, true, amqp.Publishing{}))
	refused(t, next(t, closed), 540, "NOT_IMPLEMENTED - immediate=true")
}

func TestAnUnknownVirtualHostIsRefused(t *testing.T) {
	t.Parallel()
	_, err := amqp.DialConfig(url, amqp.Config{Vhost: "nowhere"})
	refused(t, err, 530, "NOT_ALLOWED - vhost nowhere not found")
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	wrong, err := neturl.Parse(url)
	must(t, err)
	wrong.User = neturl.UserPassword("guest", "wrong")
	_, err = amqp.Dial(wrong.String())
	equal(t, err, amqp.ErrCredentials) // the client does not ask to be told more
}
