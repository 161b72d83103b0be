"""What the use cases need from the outside, as Protocols. adapters/memory has a fake of each."""
