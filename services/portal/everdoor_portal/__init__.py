"""The portal: keeps the clients connections and the copies of their sessions."""
