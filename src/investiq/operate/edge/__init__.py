"""The door to the network: nginx in front of everything, its certificates, and who may come in."""
