package interop

import (
	"net"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestTheServerTakesAListenerForBlockedConnections(t *testing.T) {
	t.Parallel()
	// To be told, a client says that it can: the capability goes with every connection.
	connection := dial(t, amqp.Config{})
	blocked := connection.NotifyBlocked(make(chan amqp.Blocking, 1))
	exclusiveQueue(t, open(t, connection))
	must(t, connection.Close())
	_, told := <-blocked
	equal(t, told, false)
}

func TestANewSecretIsTaken(t *testing.T) {
	t.Parallel()
	connection := dial(t, amqp.Config{})
	must(t, connection.UpdateSecret("guest", "it was time"))
	exclusiveQueue(t, open(t, connection))
}

func TestALostConnectionIsRecoveredWithItsQueueAndConsumer(t *testing.T) {
	t.Parallel()
	sockets := make(chan net.Conn, 2)
	connection := dial(t, amqp.Config{
		Dial: func(network, address string) (net.Conn, error) {
			socket, err := amqp.DefaultDial(waitMax)(network, address)
			if err == nil {
				sockets <- socket
			}
			return socket, err
		},
		Recovery: &amqp.Recovery{
			ReconnectionConfig: &amqp.ReconnectionConfig{
				MaxRetryCount: 50, RetryInterval: 100 * time.Millisecond,
			},
		},
	})
	states := make(chan *amqp.StateChanged, 10)
	connection.NotifyStateChange(states)
	channel := open(t, connection)
	name := uniqueName()
	_, err := channel.QueueDeclare(name, false, false, true, false, nil)
	must(t, err)
	must(t, channel.QueueBind(name, name, "amq.direct", false, nil))
	deliveries := consume(t, channel, name, "")
	must(t, next(t, sockets).Close())
	next(t, sockets) // the second one
	for next(t, states).To != amqp.StateOpen {
	}
	publish(t, channel, "amq.direct", name, amqp.Publishing{Body: []byte("after")})
	equal(t, string(next(t, deliveries).Body), "after")
}
