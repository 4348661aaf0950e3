"""The whole pipeline, in process and over a loopback socket."""
