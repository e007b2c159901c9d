"""What goes over the socket: limits, request and response shapes, strict parsing and the envelope.

`requests` and `shapes` hold the models, `parsing` reads what was sent, `render` turns the words of `model.py` into
shapes, `envelope` and `cursor` are the two formats of our own.
"""
