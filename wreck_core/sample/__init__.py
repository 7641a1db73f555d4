"""The drawn sample: cars, their damage, and a loopback web with its faults."""
