"""What is sent round to be read: received, sent, one with its readers, and sending."""
