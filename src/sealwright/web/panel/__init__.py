"""Pages: what people see and do, rendered here, acting through the same services as the API."""
