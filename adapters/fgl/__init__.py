"""Commands of BOCA's ticket printers: the Friendly Ghost Language."""
