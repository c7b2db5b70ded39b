"""What the rows of durable.py are made of."""
