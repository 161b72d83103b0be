"""The program beside a printer: it fetches what is to be printed, and sends it to the printer.

It needs the network and a printer, and nothing else of PiqueTickets: no database, no settings.
"""
