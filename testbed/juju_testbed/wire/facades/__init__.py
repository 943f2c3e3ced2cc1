"""The facades of the API, one module each, and the dispatcher that calls them."""

from .dispatcher import Dispatcher

__all__ = ["Dispatcher"]
