"""Steps that gather information by questions, with tools and confirmations of their own."""

from agenthost import AgentBase


class IntakeAgent(AgentBase):
    def __init__(self):
        super().__init__(name="intake", route="/intake")
        self.add_language("English", "en-US", "inworld.Mark")
        self.prompt_add_section("Role", "You take in patients of a practice.")
        self.define_tool("check_date", "Check a date", {"date": {"type": "string"}}, lambda args, raw_data: "fine")
        context = self.define_contexts().add_context("default")
        first = context.add_step("person").set_text("Collect who the patient is.")
        first.set_gather_info(output_key="person", prompt="Please answer a few questions.")
        first.add_gather_question("name", "What is your full name?")
        first.add_gather_question("birth", "When were you born?", confirm=True, functions=["check_date"])
        first.add_gather_question("phone", "What is your number?", type="string", prompt="Read it back.", confirm=True)
        first.set_valid_steps(["reason"])
        second = context.add_step("reason").set_text("Ask why the patient comes.")
        second.set_gather_info(output_key="reason", completion_action="next_step")
        second.add_gather_question("pain", "How bad is it, from 1 to 10?", type="integer")
        second.add_gather_question("new", "Is it new?", type="boolean")
        context.add_step("confirm").set_text("Sum up and confirm.").set_step_criteria("All is confirmed.")


Agent = IntakeAgent
