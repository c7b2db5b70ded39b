from leveret.broker.arguments import freeze
from leveret.broker.binding import Binding


def test_bindings_that_agree_in_all_four_are_one():
    source, queue = object(), object()
    one = Binding(source, queue, "key", freeze({"a": 1, "b": "x"}))
    same = Binding(source, queue, "key", freeze({"b": "x", "a": 1}))
    assert one == same
    assert hash(one) == hash(same)


def test_bindings_that_differ_in_one_of_four_are_two():
    source, queue = object(), object()
    one = Binding(source, queue, "key", ())
    assert (
        len(
            {
                one,
                one._replace(source=object()),
                one._replace(destination=object()),
                one._replace(routing_key="other"),
                one._replace(arguments=freeze({"a": 1})),
            }
        )
        == 5
    )
