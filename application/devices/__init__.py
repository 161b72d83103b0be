"""Devices: pairing scanners, tills and printers, and finding out which of them asks."""
