"""Parts for only the demo and the tests: stand-ins for services that cost money, engines that need no installation, and
a theatre to look at. Production has none of it.
"""
