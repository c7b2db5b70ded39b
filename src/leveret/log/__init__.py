"""The durable log: batches of records that survive a crash."""
