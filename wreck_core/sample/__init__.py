"""The drawn sample: cars, their damage, and a loopback web with its faults."""

import wreck_core.images  # noqa: F401 - sets OpenCV's pixel cap before a module here imports cv2
