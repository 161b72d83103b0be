"""The use cases' needs from the outside, as Protocols. adapters/memory has a fake of each."""
