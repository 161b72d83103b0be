"""Printing tickets at the counter: on receipt printers and ticket printers, as files or by paired printers."""
