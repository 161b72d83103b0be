"""Commands of Epson's receipt printers, by python-escpos."""
