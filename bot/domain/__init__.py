"""Values: frozen dataclasses that do no I/O and import only the standard library."""
