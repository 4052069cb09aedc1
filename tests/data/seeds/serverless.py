from agenthost import AgentBase, AgentServer


class MyAgent(AgentBase):
    def __init__(self):
        super().__init__(name="my-agent")
        self.add_language("English", "en-US", "rime.spore")


server = AgentServer()
server.register(MyAgent(), "/agent")


## AWS Lambda handler
def lambda_handler(event, context):
    return server.run(event, context)


## CGI mode (auto-detected)
if __name__ == "__main__":
    server.run()
