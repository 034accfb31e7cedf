"""Small stand-ins for the vendors' servers, on loopback: a good path each, a script of scenes, a log of requests."""
