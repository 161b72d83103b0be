"""The HTTP server: sockets, connections and their limits, below the application."""
