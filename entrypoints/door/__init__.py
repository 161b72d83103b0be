"""The door's web app: a page that scans tickets, with or without a network (docs/producers.md#the-door).

It is a client of the producer API like any other scanner (docs/door-protocol.md). Its server side gives out files.
"""
