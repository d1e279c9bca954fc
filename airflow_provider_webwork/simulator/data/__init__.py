"""What the simulated workspaces hold; it knows nothing of HTTP."""
