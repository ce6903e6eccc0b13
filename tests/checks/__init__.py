"""What `make check` runs beside the tests."""
