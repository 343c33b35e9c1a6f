"""How the running bot tells about itself."""
