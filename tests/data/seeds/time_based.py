from agenthost import AgentServer


class TimeSensitiveServer:
    def __init__(self):
        self.server = AgentServer()
        self.server.register(LiveAgent(), "/live")
        self.server.register(AfterHoursAgent(), "/afterhours")

    def get_current_agent_route(self):
        from datetime import datetime
        hour = datetime.now().hour

        if 9 <= hour < 17:  # Business hours
            return "/live"
        return "/afterhours"
