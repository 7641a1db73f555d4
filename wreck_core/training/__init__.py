"""Backbones, their weights, features and heads. The only home of TensorFlow."""
