"""The way of one request: context, before hooks, handler, after hooks, catch hooks, cleanup."""
