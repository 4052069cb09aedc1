"""Two contexts with steps: criteria, functions, navigation, fillers, ends."""

from agenthost import AgentBase


class ContextsAgent(AgentBase):
    def __init__(self):
        super().__init__(name="contexts", route="/contexts")
        self.prompt_add_section("Role", "You help customers of a computer shop.")
        self.add_language("English", "en-US", "inworld.Mark")
        for name in ("look_up", "pay"):
            self.define_tool(name, f"{name} something", {"number": {"type": "string"}}, lambda args, raw_data: "done")
        contexts = self.define_contexts()
        sales = contexts.add_context("sales").set_isolated(True)
        sales.add_section("Department", "You are Hannah in sales.")
        sales.add_bullets("Rules", ["Be brief", "Never promise dates"])
        sales.add_enter_filler("en-US", ["Hello, this is Hannah."]).add_exit_filler("default", ["Good bye."])
        (
            sales.add_step("needs")
            .add_section("Task", "Find out what the customer needs.")
            .add_bullets("Ask for", ["Budget", "Use"])
            .set_step_criteria("The customer has told both.")
            .set_functions(["look_up"])
            .set_valid_steps(["offer"])
        )
        (
            sales.add_step("offer")
            .set_text("Make an offer.")
            .set_functions("none")
            .set_valid_steps(["needs"])
            .set_valid_contexts(["service"])
        )
        service = contexts.add_context("service")
        service.set_system_prompt("You are Max in service.").set_consolidate(True).set_full_reset(True)
        service.set_user_prompt("The customer was transferred.")
        service.set_valid_contexts(["sales"])
        service.add_step("diagnose").set_text("Find the fault.").set_skip_user_turn(True)
        (
            service.add_step("done")
            .set_text("Thank the customer.")
            .set_functions([])
            .set_end(True)
            .set_reset_system_prompt("You are done.")
            .set_reset_user_prompt("Bye.")
            .set_reset_consolidate(True)
        )


Agent = ContextsAgent
