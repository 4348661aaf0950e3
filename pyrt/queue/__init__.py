"""The queue fabric: topics, subscriptions, backpressure; embedded in this process."""

from .fabric import QueueFabric, Subscription

__all__ = ("QueueFabric", "Subscription")
