import pytest

from leveret.broker.errors import NotFound, PreconditionFailed
from leveret.broker.parameters import WITH_COMMANDS, Parameters
from tests.broker.conftest import Kept


@pytest.fixture
def parameters():
    parameters = Parameters()
    parameters.definitions = Kept()
    return parameters


def test_values_are_kept_by_component_and_name(parameters):
    parameters.set("/", "shovel", "s", {"src-uri": "amqp://"})
    parameters.set("v", "shovel", "s", 2)
    parameters.set_global("g", [1])
    kept = dict(parameters.definitions)
    assert kept == {
        ("parameter", "/", "shovel", "s"): {"value": {"src-uri": "amqp://"}},
        ("parameter", "v", "shovel", "s"): {"value": 2},
        ("global-parameter", "g"): {"value": [1]},
    }
    parameters.definitions.clear()
    for _ in parameters.keep_all():
        pass
    assert parameters.definitions == kept


def test_they_can_be_cleared(parameters):
    parameters.set("/", "shovel", "s", 1)
    parameters.set_global("g", 1)
    parameters.clear("/", "shovel", "s")
    parameters.clear_global("g")
    assert parameters.definitions == {}
    for clear in (
        lambda: parameters.clear("/", "shovel", "s"),
        lambda: parameters.clear_global("g"),
    ):
        with pytest.raises(NotFound):
            clear()


@pytest.mark.parametrize("component", WITH_COMMANDS)
def test_what_has_a_command_of_its_own_is_set_by_that(parameters, component):
    with pytest.raises(PreconditionFailed) as refusal:
        parameters.set("/", component, "x", {})
    assert refusal.value.text == f"{component} is set by {WITH_COMMANDS[component]}"


def test_a_virtual_host_that_goes_takes_its_own(parameters):
    for host in ("/", "v"):
        parameters.set(host, "shovel", "s", 1)
    parameters.forget_virtual_host("v")
    assert set(parameters.of_hosts) == {("/", "shovel", "s")}


def test_what_goes_while_all_are_kept_again_is_left_out(parameters):
    for name in "ab":
        parameters.set("/", "shovel", name, 1)
        parameters.set_global(name, 1)
    steps = parameters.keep_all()
    next(steps)
    parameters.clear("/", "shovel", "b")
    parameters.clear_global("b")
    for _ in steps:
        pass
    assert set(parameters.definitions) == {
        ("parameter", "/", "shovel", "a"),
        ("global-parameter", "a"),
    }
