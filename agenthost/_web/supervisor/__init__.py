"""The supervisor: it keeps the workers, and replaces them where a reload needs new processes."""
