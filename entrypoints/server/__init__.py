"""The HTTP server: sockets, connections and their bounds, below the application that answers."""
