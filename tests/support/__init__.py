"""What the tests of every package share: machinery, no knowledge of Tocsin."""
