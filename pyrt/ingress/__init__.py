"""The ingress: bytes of a connection become requests, responses become bytes."""
