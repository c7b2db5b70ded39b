"""What the log has compiled: the checksum, and the thread that waits for the disk."""
