"""What use cases share to do many things at once, safely."""
