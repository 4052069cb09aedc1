"""A Litestar application of somebody's own, with every installed agent in it: ``litestar_site.py PORT``."""

import sys

import uvicorn
from litestar import Litestar, get
from litestar.params import FromPath

from agenthost import AgentHostPlugin


@get("/customers/{number:int}", sync_to_thread=False)
def customer(number: FromPath[int]) -> dict[str, int]:
    return {"customer": number}


app = Litestar([customer], plugins=[AgentHostPlugin()])

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
