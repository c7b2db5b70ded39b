import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.broker.metadata import Metadata


@pytest.mark.parametrize("type", [None, "classic", "quorum", "stream"])
def test_a_default_queue_type_is_one_that_rabbitmq_has(type):
    Metadata(default_queue_type=type).check()


def test_any_other_is_refused():
    with pytest.raises(PreconditionFailed) as refusal:
        Metadata(default_queue_type="fast").check()
    assert refusal.value.text == "Unsupported default queue type"
