import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.queue_arguments import check_queue_type

RESOURCE = "queue 'q' in vhost '/'"


@pytest.mark.parametrize(
    "arguments", [{}, {"x-queue-type": "classic"}, {"x-queue-type": b"classic"}]
)
def test_classic_queues_are_supported(arguments):
    check_queue_type(arguments, resource=RESOURCE)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("quorum", "\"unsupported queue type 'quorum'\""),
        (b"stream", "\"unsupported queue type 'stream'\""),
        (5, "{unacceptable_type,signedint}"),
    ],
)
def test_other_types_of_queue_are_refused_and_never_silently_replaced(value, reason):
    with pytest.raises(PreconditionFailed) as refusal:
        check_queue_type({"x-queue-type": value}, resource=RESOURCE)
    assert refusal.value.text == f"invalid arg 'x-queue-type' for {RESOURCE}: {reason}"
