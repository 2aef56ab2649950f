"""Examples that run: each folder is a small deployment around Tocsin."""
