"""The edge: bytes of a connection become requests, responses become bytes."""
