"""What calm.py does to a broker: a function per scenario, which returns its figures."""
