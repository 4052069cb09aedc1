"""The web side: the front, the endpoints behind it, and the processes.

Litestar and uvicorn are imported only here.
"""
