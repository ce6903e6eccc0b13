"""Causerie: every Discord channel is one lasting conversation with a language model."""

__version__ = "0.1.0"
