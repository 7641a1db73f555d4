"""Backbones: weights, features, recipes, the model that people use. The only home of TensorFlow."""

import os

# Read by TensorFlow and Keras when they are first imported, so set before anything here imports them:
# no start-up chatter, and the one backend that the recipes are written for.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
