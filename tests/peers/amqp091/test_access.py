"""access.request, which the specification dropped and old clients still send."""

from leveret.wire.amqp091.methods import AccessRequest, AccessRequestOk


def test_everybody_is_given_the_same_ticket(client):
    assert client.call(AccessRequest(realm="/data")) == AccessRequestOk(ticket=1)
