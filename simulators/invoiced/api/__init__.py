"""What is answered over HTTP: the vendor's endpoints, and the simulator's own beside them."""
