"""What an operator can ask and have done, whatever it is asked through: see table.py."""
