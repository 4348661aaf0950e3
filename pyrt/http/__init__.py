"""HTTP's values: messages, forms, files and JSON text. Nothing here reads a socket."""
