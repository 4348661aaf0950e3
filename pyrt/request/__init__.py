"""One request's way: context, before hooks, handler, after hooks, catch hooks, cleanup."""
