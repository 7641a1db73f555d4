"""The queue, the session and the window that give pictures their labels."""
