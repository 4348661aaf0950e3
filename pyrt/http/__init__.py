"""HTTP's value objects: messages, forms, files and JSON text. Nothing here reads a socket."""
