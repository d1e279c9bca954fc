"""Records as files: formats, compression, and files that appear whole."""
