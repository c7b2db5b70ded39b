"""The group `clients` of pyproject.toml: large, and so tested only where somebody installed it."""

from importlib.util import find_spec

CLIENTS = {
    "amqpstorm": ["test_amqpstorm.py"],
    "celery": ["celery_tasks.py", "celery_worker.py", "test_celery_*.py"],
    "dramatiq": ["test_dramatiq.py"],
    "faststream": ["test_faststream.py"],
    "kombu": ["test_kombu.py", "test_py_amqp.py"],
    "taskiq_aio_pika": ["test_taskiq.py"],
}
ABSENT = [client for client in CLIENTS if find_spec(client) is None]
