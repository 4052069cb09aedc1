"""Prompt sections and text: what they are rendered to, and what is refused."""

import conformance
import pytest

from agenthost.errors import DefinitionError
from agenthost.prompt import Prompt, PromptSections, Section

POM = conformance.records("documents", kind="pom")
GOOD = [record for record in POM if not record["error"]]


def build(steps):
    if steps[0][1] == "$from_json":
        return PromptSections.from_json(*steps[0][2])
    return conformance.replay(steps, pom=PromptSections())["pom"]


def agent_prompt(record):
    """Return the prompt that the agent's calls of a judgement record describe."""
    prompt = Prompt()
    for _target, method, args, kwargs, _bind_as in conformance.by_id("judgement", record)["steps"]:
        match method:
            case "set_prompt_text":
                prompt.set_text(*args)
            case "set_prompt_pom":
                prompt.set_sections(*args)
            case _:
                getattr(prompt.sections, method.removeprefix("prompt_"))(*args, **kwargs)
    return prompt.to_dict("gen")


@pytest.mark.parametrize("record", GOOD, ids=lambda r: r["id"])
class TestConformance:
    def test_json(self, record):
        assert record["json"] == build(record["steps"]).to_dict()

    def test_markdown(self, record):
        assert record["markdown"] == build(record["steps"]).render_markdown()

    def test_xml(self, record):
        assert record["xml"] == build(record["steps"]).render_xml()


@pytest.mark.parametrize("record", [r for r in POM if r["error"]], ids=lambda r: r["id"])
def test_wrong_sections_are_refused(record):
    expected = {"ValueError": DefinitionError, "TypeError": TypeError}[record["error"]["type"]]

    with pytest.raises(expected):
        build(record["steps"])


class TestJudgement:
    def test_an_agent_without_a_prompt_is_introduced_by_its_name(self):
        """doc0000: the SDK emits an empty pom, which the platform refuses.

        The prompt is the SDK's own sentence for this case.
        """
        assert agent_prompt("doc0000") == {"text": "You are gen, a helpful AI assistant."}

    def test_an_empty_text_is_refused(self):
        """doc0002: the SDK drops it.

        Here it is refused when it is set.
        """
        with pytest.raises(DefinitionError, match="the prompt text is empty"):
            agent_prompt("doc0002")

    def test_a_subsection_without_content_is_refused(self):
        """doc0009: the SDK emits a title alone.

        It may be filled later, so it is refused when the document is built.
        """
        with pytest.raises(DefinitionError, match="section 'S2' has no content"):
            agent_prompt("doc0009")

    def test_a_parent_that_is_made_has_a_body(self):
        """doc0010: the parent has no text of its own.

        Its empty body is emitted, which makes it valid.
        """
        assert agent_prompt("doc0010") == {
            "pom": [{"title": "Missing", "body": "", "subsections": [{"title": "S", "body": "sb"}]}]
        }

    def test_a_subsection_goes_below_a_subsection(self):
        """doc0011: the SDK makes a second section at the top.

        Here the existing one is found at any depth.
        """
        below = {"title": "S", "body": "sb", "subsections": [{"title": "SS", "body": "deep"}]}

        assert {"pom": [{"title": "P", "body": "p", "subsections": [below]}]} == agent_prompt("doc0011")

    def test_a_section_without_content_is_refused(self):
        """doc0014: as doc0009, at the top."""
        with pytest.raises(DefinitionError, match="section 'Empty' has no content"):
            agent_prompt("doc0014")

    def test_an_empty_title_is_none(self):
        """doc0015: the SDK emits an empty title, which is not valid.

        Here it is an untitled opening.
        """
        assert agent_prompt("doc0015") == {"pom": [{"body": "body"}]}

    def test_a_section_without_anything_is_refused(self):
        """doc0016: neither title nor content."""
        with pytest.raises(DefinitionError, match="section None has no content"):
            agent_prompt("doc0016")

    def test_an_empty_list_of_sections_is_refused(self):
        """doc0022: the SDK emits an empty pom.

        Here it is refused when it is set.
        """
        with pytest.raises(DefinitionError, match="the prompt has no sections"):
            agent_prompt("doc0022")

    @pytest.mark.parametrize("record", ["doc0024", "doc0025"])
    def test_text_and_sections_are_both_kept(self, record):
        """doc0024, doc0025: the SDK drops the sections.

        In either order both are emitted, the text as the opening.
        """
        assert agent_prompt(record) == {"pom": [{"body": "Be brief."}, {"title": "X", "body": "x"}]}


class TestPrompt:
    def test_text(self):
        prompt = Prompt()
        prompt.set_text("Be brief.")

        assert prompt.to_dict("gen") == {"text": "Be brief."}

    def test_text_opens_an_untitled_section(self):
        """Only one section can go without a title, so the two openings become one."""
        prompt = Prompt()
        prompt.set_text("Be brief.")
        prompt.set_sections([{"body": "Be kind.", "bullets": ["always"]}])

        assert prompt.to_dict("gen") == {"pom": [{"body": "Be brief.\n\nBe kind.", "bullets": ["always"]}]}

    def test_text_opens_an_untitled_list(self):
        prompt = Prompt()
        prompt.set_text("Be brief.")
        prompt.set_sections([{"bullets": ["always"]}])

        assert prompt.to_dict("gen") == {"pom": [{"bullets": ["always"], "body": "Be brief."}]}

    def test_text_must_be_text(self):
        with pytest.raises(TypeError, match="the prompt must be a string, not list"):
            Prompt().set_text(["Be brief."])


class TestSections:
    def test_the_first_of_several_is_found(self):
        """Titles are not unique: the first at the top wins, then the first below."""
        sections = PromptSections()
        first = sections.add_section("A", "a")
        below = first.add_subsection("B", body="below")
        top = sections.add_section("B", "top")

        assert (first, top) == (sections.find_section("A"), sections.find_section("B"))
        assert below is not sections.find_section("B")
        assert sections.find_section("C") is None

    def test_content_is_appended(self):
        sections = PromptSections()
        sections.add_to_section("Rules", "One.", "a", ["b"])
        sections.add_to_section("Rules", "Two.")

        assert sections.to_dict() == [{"title": "Rules", "body": "One.\n\nTwo.", "bullets": ["a", "b"]}]

    def test_subsections_can_be_written_out(self):
        sections = PromptSections()
        sections.add_section("A", subsections=[{"title": "B", "bullets": ["x"], "numberedBullets": True}])

        assert sections.render_markdown() == "## A\n\n### B\n\n1. x\n"

    def test_numbered_bullets_are_numbered_in_xml(self):
        sections = PromptSections()
        sections.add_section("A", bullets=["x", "y"], numbered_bullets=True)

        assert '      <bullet id="2">y</bullet>' in sections.render_xml().splitlines()

    def test_json_text_keeps_its_letters(self):
        sections = PromptSections()
        sections.add_section("Grüße", "日本語")

        assert sections.to_json() == '[{"title": "Grüße", "body": "日本語"}]'

    def test_a_subsection_is_returned_to_be_filled(self):
        sections = PromptSections()
        sections.add_subsection("A", "B").add_body("b").add_bullets(["x"])

        assert sections.to_dict()[0]["subsections"] == [{"title": "B", "body": "b", "bullets": ["x"]}]

    def test_one_bullet_needs_no_list(self):
        assert Section("A", bullets="x").bullets == ["x"]

    def test_only_the_first_goes_without_a_title(self):
        sections = PromptSections()
        sections.add_section(body="intro")

        with pytest.raises(DefinitionError, match="Only the first section of a prompt may go without"):
            sections.add_section(body="more")
        with pytest.raises(DefinitionError, match="a subsection of 'A' needs a title"):
            sections.add_section("A").add_subsection("")

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (
                lambda: Section("A", ["x"]),
                "body must be a string, not list. fix: pass a list of bullet points as bullets",
            ),
            (lambda: Section("A", bullets=5), "bullets must be a list of strings, not int"),
            (lambda: Section("A", bullets=[5]), "a bullet must be a string, not int"),
            (lambda: Section(5), "title must be a string, not int"),
            (lambda: Section("A").add_body(None), "body must be a string, not NoneType"),
        ],
    )
    def test_wrong_types_are_refused(self, call, message):
        with pytest.raises(TypeError, match=message):
            call()

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ("[", "the prompt's sections are not JSON"),
            ("5", "the prompt's sections must be a list, not int"),
            ([5], "section 1 of the prompt must be an object, not int"),
            ([{"title": 5}], "section 1 .*title must be a string, not int"),
            ([{"title": "T", "text": "x"}], r"section 1 \('T'\) of the prompt has the unknown key 'text'"),
            (
                [{"title": "T", "body": ["x"]}],
                r"section 1 \('T'\) of the prompt: body must be a string, not list",
            ),
            (
                [{"title": "T", "subsections": [{"body": "x"}]}],
                r"subsection 1 of section 1 \('T'\) of the prompt needs a title",
            ),
            (
                [{"title": "T", "subsections": [{"title": "S"}]}],
                r"subsection 1 of section 1 \('T'\) \('S'\) of the prompt has no content",
            ),
        ],
    )
    def test_what_is_wrong_is_named(self, written, message):
        with pytest.raises(DefinitionError, match=message):
            PromptSections.from_json(written)

    def test_reading_leaves_its_input_alone(self):
        written = [{"body": "a"}, {"body": "b"}]
        PromptSections.from_json(written)

        assert written == [{"body": "a"}, {"body": "b"}]
