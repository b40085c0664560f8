"""A small shop on FastAPI: the example of a real project under devenv."""
