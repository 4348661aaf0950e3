"""One part at a time, without an event loop or a socket."""
