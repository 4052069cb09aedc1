"""Log records: redacted where they are made, whichever handler writes them."""

from __future__ import annotations

import io
import json
import logging
import pickle
import subprocess
import sys
import traceback

import pytest

from agenthost._host.config.load import load_config
from agenthost._host.config.schema import Config, HostConfig, TelemetryConfig
from agenthost._host.telemetry.records import Record, redact_records
from agenthost._host.telemetry.secrets.redactor import NO_SECRETS, SecretRedactor
from agenthost.secret import Secret

HOOK = "https://hooks.example/services/T00000000/tell-nobody-path?token=tell-nobody-query"
CONFIG = Config(host=HostConfig(password=Secret("tell-nobody")), fetched=(Secret(HOOK),))


@pytest.fixture
def logged(request):
    """Log an entry by a program's own logger and format, and return the output."""
    factory = logging.getLogRecordFactory()
    log, out = logging.getLogger("program"), io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter(getattr(request, "param", "%(message)s")))
    log.addHandler(handler)
    log.propagate = False

    def write(*words, config=CONFIG, **options):
        redact_records(SecretRedactor(config))
        log.error(*words, **options)
        return out.getvalue()

    yield write
    log.removeHandler(handler)
    log.propagate = True
    logging.setLogRecordFactory(factory)
    redact_records(NO_SECRETS)
    logging.setLogRecordFactory(factory)


class Shown:
    def __repr__(self):
        return "Shown(tell-nobody)"


def test_a_message_and_its_arguments_are_redacted(logged):
    assert logged("%s and %r", "tell-nobody", Shown()) == "*** and Shown(***)\n"


def test_a_traceback_and_a_stack_are_redacted(logged):
    try:
        raise ValueError("tell-nobody")  # noqa: TRY301
    except ValueError:
        written = logged("failed", exc_info=True, stack_info=True)

    assert "tell-nobody" not in written
    assert "ValueError: ***" in written


class Own(logging.Formatter):
    """Formats tracebacks itself, whatever ``exc_text`` says."""

    def format(self, record):
        words = record.getMessage()
        return words + "\n" + "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else words


WORD = "tell-nobody"
"""The password, which no line of code below contains."""


def cause():
    error = KeyError(f"{WORD} inside")
    error.add_note(f"a note: {WORD}")
    raise error


def deep():
    """Raise an error with causes, a note and a group, all with secrets."""
    try:
        cause()
    except KeyError as error:
        group = ExceptionGroup(f"a group: {WORD}", [ValueError(WORD), OSError(2, WORD)])
        group.__context__ = error
        raise json.JSONDecodeError(WORD, WORD, 0) from group


@pytest.mark.parametrize("fails", [deep, cause, lambda: int(WORD)])
def test_a_formatter_of_its_own_gets_no_secret(logged, fails):
    """It gets errors of the same names with redacted words, causes and notes included."""
    logging.getLogger("program").handlers[0].setFormatter(Own())
    try:
        fails()
    except Exception as error:  # noqa: BLE001
        written, plain = logged("failed", exc_info=True), "".join(traceback.format_exception(error))

    assert WORD in plain
    assert written == f"failed\n{plain}\n".replace(WORD, "***")


def test_a_traceback_without_secrets_is_left_to_the_formatter(logged):
    class Short(logging.Formatter):
        def formatException(self, ei):  # noqa: N802
            return f"short: {ei[1]}"

    redact_records(SecretRedactor(CONFIG))
    try:
        raise ValueError("harmless")  # noqa: TRY301
    except ValueError:
        record = logging.getLogger("program").makeRecord("n", 40, "", 0, "failed", (), sys.exc_info())

    assert Short().format(record) == "failed\nshort: harmless"


@pytest.mark.parametrize("logged", ["%(message)s %(text)s %(deep)s %(thing)s %(number)s"], indirect=True)
def test_fields_are_redacted(logged):
    fields = {
        "text": "tell-nobody",
        "deep": {"tell-nobody": ["tell-nobody", ("tell-nobody", 1)]},
        "thing": Shown(),
        "number": 7,
    }

    assert logged("words", extra=fields) == "words *** {'***': ['***', ('***', 1)]} Shown(***) 7\n"


def test_an_object_that_cannot_be_shown_is_left_alone(logged):
    class Broken:
        def __repr__(self):
            raise RuntimeError("no")

    assert logged("words", extra={"thing": Broken()}) == "words\n"


@pytest.mark.parametrize(
    "line",
    [
        f"POST {HOOK}",
        "POST https://hooks.example/services/T00000000/tell-nobody-path/ HTTP/1.1",
        "GET /v2?token=tell-nobody-query",
        "GET /services/T00000000",
        "Authorization: Basic YWdlbnRob3N0OnRlbGwtbm9ib2R5",
    ],
)
def test_a_fetched_url_is_redacted_whole_and_in_parts(logged, line):
    written = logged(line)

    assert "***" in written
    assert not any(part in written for part in ("T00000000", "tell-", "nobody", "YWdl"))


def test_a_record_that_is_passed_on_is_redacted(logged):
    """To another process, or to a service that takes its message and arguments apart."""
    logged("warm-up")
    record = logging.makeLogRecord({"msg": "%s", "args": ("tell-nobody",)})
    record.getMessage()

    assert isinstance(record, Record)
    assert (record.msg, record.args) == ("***", None)
    assert pickle.loads(pickle.dumps(record)).getMessage() == "***"  # noqa: S301


@pytest.mark.parametrize("made", [logging.LogRecord, type("Own", (logging.LogRecord,), {"color": "red"})])
def test_a_factory_of_the_program_goes_on_making_records(logged, made):
    def factory(*args, **named):
        record = made(*args, **named)
        record.mine = True
        return record

    logging.setLogRecordFactory(factory)
    assert logged("%s", "tell-nobody") == "***\n"
    redact_records(SecretRedactor(CONFIG))

    record = logging.getLogRecordFactory()("n", 20, "", 0, "%s", ("tell-nobody",), None)
    assert (record.mine, record.getMessage()) == (True, "***")
    assert isinstance(record, made)


def test_what_is_secret_now_counts(logged):
    logged("tell-nobody")
    now = Config(host=HostConfig(password=Secret("another-secret")))

    assert logged("tell-nobody another-secret", config=now) == "***\ntell-nobody ***\n"


def test_everything_that_is_fetched_is_known(tmp_path):
    """Secrets of keys that declare none are redacted, and so are secret parts.

    Common words are not.
    """
    file = tmp_path / "agenthost.toml"
    file.write_text(
        '[host]\npassword = { file = "key" }\nlog_level = { env = "LEVEL" }\n'
        '[telemetry]\notlp_endpoint = { env = "ENDPOINT" }\n'
        '[agents.desk]\nhook = { env = "HOOK" }\ndeep = { list = [{ env = "HOOK" }] }\n'
        '[agents.off]\nenabled = false\nhook = { env = "NOT_SET" }\n'
    )
    (tmp_path / "key").write_text("tell-nobody\n")
    endpoint = "https://otlp.example/v1/tell-endpoint"
    config = load_config(str(file), {"LEVEL": "debug", "ENDPOINT": endpoint, "HOOK": HOOK})

    hidden = SecretRedactor(config)

    assert isinstance(config.telemetry, TelemetryConfig)
    assert {each.reveal() for each in config.fetched} == {"tell-nobody", "debug", endpoint, HOOK}
    assert hidden.redacted(f"debug {endpoint} {HOOK} tell-nobody") == "debug https://otlp.example/v1/*** *** ***"
    assert "tell-nobody" not in repr(config)


PROGRAM = """
import logging, sys
from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.telemetry.log import start_log
from agenthost.secret import Secret

if sys.argv[1] == "before":
    logging.basicConfig(force=True, format="%(message)s %(extra)s")
start_log(Config(host=HostConfig(log_format=sys.argv[2], password=Secret("tell-nobody"))))
if sys.argv[1] == "after":
    logging.basicConfig(force=True, format="%(message)s %(extra)s")
try:
    raise ValueError("with tell-nobody")
except ValueError:
    logging.getLogger("author").exception("failed: %s", "tell-nobody", extra={"extra": "tell-nobody"}, stack_info=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("when", ["before", "after", "never"])
def test_basic_config_of_an_author_shows_no_secret(when, form):
    done = subprocess.run([sys.executable, "-c", PROGRAM, when, form], capture_output=True, text=True, check=True)  # noqa: S603

    assert "tell-nobody" not in done.stderr
    assert done.stderr.count("***") >= 3
    if (when, form) == ("never", "json"):
        assert json.loads(done.stderr)["extra"] == "***"
