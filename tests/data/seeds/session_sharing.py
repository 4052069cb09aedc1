from agenthost import AgentBase

class Agent1(AgentBase):
    def store_customer(self, call_id: str, name: str):
        self.shared["sessions"][call_id] = {"name": name}

class Agent2(AgentBase):
    def get_customer(self, call_id: str):
        return self.shared["sessions"].get(call_id, {})
