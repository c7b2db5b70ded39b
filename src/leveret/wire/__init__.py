"""What each protocol looks like on the wire: functions of bytes, for client and server."""
