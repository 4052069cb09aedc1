import redis
from agenthost import AgentBase, AgentServer, SwaigFunctionResult


class SharedStateAgent(AgentBase):
    def __init__(self, redis_client):
        super().__init__(name="shared-state-agent")
        self.redis = redis_client
        # ... setup

    def some_handler(self, args, raw_data):
        # Read shared state
        shared_value = self.redis.get("shared_key")

        # Update shared state
        self.redis.set("shared_key", "new_value")

        return SwaigFunctionResult("Done")


# In main
redis_client = redis.Redis(host='localhost', port=6379)

server = AgentServer()
server.register(SharedStateAgent(redis_client), "/agent1")
server.register(AnotherAgent(redis_client), "/agent2")
