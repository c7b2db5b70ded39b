def test_virtual_hosts_are_listed(node):
    node.run("declare_queue", name="q")
    node.run("bind", source="amq.direct", destination="q")
    assert node.rows("list_vhosts") == [["/"]]
    columns = ("name", "queues", "exchanges", "bindings", "consumers")
    assert node.rows("list_vhosts", *columns) == [["/", 1, 6, 1, 0]]
