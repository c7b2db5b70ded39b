from leveret.broker.sessions import Sessions
from leveret.broker.user import User


class Session:
    def __init__(self):
        self.told = []

    def shut_down(self, text):
        self.told.append(text)

    def forget_permissions(self):
        self.told.append("forget")


def test_each_is_counted_from_its_opening_to_its_end(host):
    sessions, user, session = Sessions(), User("ann"), Session()
    sessions.closed(session)
    sessions.opened(session, user, host)
    assert (len(sessions), user.connection_count, host.connection_count) == (1, 1, 1)
    for _ in range(2):
        sessions.closed(session)
    assert (len(sessions), user.connection_count, host.connection_count) == (0, 0, 0)


def test_those_of_a_user_or_of_a_virtual_host_are_told(host):
    sessions, ann, bob = Sessions(), User("ann"), User("bob")
    hers, his = Session(), Session()
    sessions.opened(hers, ann, host)
    sessions.opened(his, bob, host)
    sessions.permissions_changed(ann)
    sessions.shut_down_user(ann, "go")
    sessions.shut_down_virtual_host(host, "all go")
    assert (hers.told, his.told) == (["forget", "go", "all go"], ["all go"])
