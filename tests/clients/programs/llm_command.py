"""llm, the command, with the agent in its extra-openai-models.yaml."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HOME = Path(os.environ["LLM_USER_PATH"])
MODEL = f"""\
- model_id: shop
  model_name: shop
  api_base: {os.environ["AGENTHOST_URL"]}
  api_key_name: agenthost
  supports_schema: true
  supports_tools: true
"""
HOME.mkdir(parents=True, exist_ok=True)
(HOME / "extra-openai-models.yaml").write_text(MODEL, encoding="utf-8")
(HOME / "keys.json").write_text(json.dumps({"agenthost": os.environ["AGENTHOST_PASSWORD"]}), encoding="utf-8")


def llm(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "llm", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def chat():
    assert llm("-m", "shop", "--no-stream", "Hello") == "You have written 1 times."
    assert "kite, order number" in llm("-m", "shop", "--no-stream", "Order kite")


def stream():
    assert llm("-m", "shop", "Hello") == "You have written 1 times."


def tools():
    weather = "def weather(city: str) -> str:\n    'Tell the weather in a city.'\n    return f'rain in {city}'\n"
    assert "rain in Oslo" in llm("-m", "shop", "--functions", weather, "The weather?")


def structured():
    assert json.loads(llm("-m", "shop", "--schema", "city, days int", "A trip")) == {"city": "Oslo", "days": 3}


def retry():
    assert llm("-m", "shop", "--no-stream", "flaky llm") == "You have written 1 times."


def resend():
    llm("-m", "shop", "Hello")
    assert llm("-c", "Again") == "You have written 2 times."
