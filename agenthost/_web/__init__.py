"""The HTTP side: the only place that imports Litestar and uvicorn."""
