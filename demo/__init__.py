"""What only the demo and the tests need: stand-ins for what costs money, engines that need no installation, and a
theatre to look at. Production has none of it.
"""
