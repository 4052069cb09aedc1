"""Files that this user alone may have made and can open."""

import os
import socket
import stat

import pytest

from agenthost._private_files import check_database, check_private, read_private, temporary_directory, write_private
from agenthost.errors import ConfigurationError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")

FILE, DIRECTORY, SOCKET = stat.S_IFREG, stat.S_IFDIR, stat.S_IFSOCK


def made(path, kind, mode):
    """Create a file, a directory or a socket with a mode."""
    if kind == DIRECTORY:
        path.mkdir()
    elif kind == SOCKET:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    else:
        path.write_bytes(b"words")
    path.chmod(mode)
    return path


@pytest.fixture(params=[FILE, DIRECTORY, SOCKET], ids=["file", "directory", "socket"])
def kind(request):
    return request.param


def refusal(path, kind):
    with pytest.raises(ConfigurationError) as caught:
        check_private(str(path), "host.state_dir", kind)
    message = str(caught.value)
    assert message.startswith(f"{path}: host.state_dir: ")
    return message.removeprefix(f"{path}: host.state_dir: ")


def test_accepts_what_is_private(tmp_path, kind):
    check_private(str(made(tmp_path / "it", kind, 0o700 if kind == DIRECTORY else 0o600)), "host.state_dir", kind)


def test_accepts_what_is_not_there_yet(tmp_path, kind):
    check_private(str(tmp_path / "it"), "host.state_dir", kind)


@pytest.mark.parametrize("mode", [0o710, 0o740, 0o720, 0o701, 0o704, 0o702])
def test_refuses_what_others_can_open(tmp_path, kind, mode):
    path = made(tmp_path / "it", kind, mode)

    assert refusal(path, kind) == (
        f"other users can read or change it (mode {mode:04o}). fix: chmod {700 if kind == DIRECTORY else 600} {path}"
    )


def test_refuses_a_symbolic_link(tmp_path, kind):
    made(tmp_path / "real", kind, 0o700 if kind == DIRECTORY else 0o600)
    (tmp_path / "it").symlink_to(tmp_path / "real")

    message = refusal(tmp_path / "it", kind)

    assert message.startswith("it is a symbolic link, and may lead to a file of others. fix: ")
    assert str(tmp_path / "real") in message


def test_refuses_a_link_with_a_slash_behind_it(tmp_path):
    made(tmp_path / "real", DIRECTORY, 0o700)
    (tmp_path / "it").symlink_to(tmp_path / "real")

    with pytest.raises(ConfigurationError, match="symbolic link"):
        check_private(f"{tmp_path}/it/", "host.state_dir", DIRECTORY)


def test_refuses_another_owner(tmp_path, kind, monkeypatch):
    path = made(tmp_path / "it", kind, 0o700 if kind == DIRECTORY else 0o600)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 4711)

    message = refusal(path, kind)

    assert "it belongs to " in message
    assert f"sudo chown {os.getuid() + 4711} {path}" in message


def test_refuses_another_kind(tmp_path):
    assert refusal(made(tmp_path / "it", DIRECTORY, 0o700), FILE).startswith("it is not a file.")
    assert refusal(made(tmp_path / "other", FILE, 0o600), DIRECTORY).startswith("it is not a directory.")


def test_reads_what_is_private(tmp_path):
    assert read_private(str(made(tmp_path / "it", FILE, 0o600)), "host.state_dir") == b"words"


def test_reads_no_link(tmp_path):
    made(tmp_path / "real", FILE, 0o600)
    (tmp_path / "it").symlink_to(tmp_path / "real")

    with pytest.raises(ConfigurationError, match="symbolic link"):
        read_private(str(tmp_path / "it"), "host.state_dir")


def test_does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "it", 0o600)

    with pytest.raises(ConfigurationError, match="it is not a file"):
        read_private(str(tmp_path / "it"), "host.state_dir")


def test_says_what_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_private(str(tmp_path / "it"), "host.state_dir")


def test_database_needs_a_directory_that_others_cannot_write(tmp_path):
    path = made(tmp_path / "state.db", FILE, 0o600)
    check_database(str(path), "state.url")
    tmp_path.chmod(0o1777)

    with pytest.raises(ConfigurationError, match=r"state\.url: other users can put files next to it.* \(mode 1777"):
        check_database(str(path), "state.url")


def test_database_may_be_in_a_directory_that_others_can_read(tmp_path):
    tmp_path.chmod(0o755)

    check_database(str(made(tmp_path / "state.db", FILE, 0o600)), "state.url")
    check_database(str(tmp_path / "deep" / "state.db"), "state.url")


def test_database_is_private_itself(tmp_path):
    path = made(tmp_path / "state.db", FILE, 0o644)

    with pytest.raises(ConfigurationError, match=r"fix: chmod 600 "):
        check_database(str(path), "state.url")


def test_a_temporary_directory_is_for_this_user_alone(tmp_path, monkeypatch):
    """It is where ``TMPDIR`` says, and a second one has another name."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    made = {temporary_directory("agenthost-"), temporary_directory("agenthost-")}

    assert {str(path) for path in tmp_path.glob("agenthost-*")} == made
    assert {0o700} == {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}


def test_a_temporary_directory_is_made_elsewhere_if_it_must(tmp_path, monkeypatch):
    """A ``TMPDIR`` that does not exist is left out, as ``tempfile`` does it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    made = temporary_directory("agenthost-")

    assert made in map(str, tmp_path.iterdir())


def test_a_file_is_written_for_its_user_alone_or_not_at_all(tmp_path):
    place = tmp_path / "state" / "file.json"
    write_private(str(place), "one")
    write_private(str(place), "two")

    with pytest.raises(UnicodeEncodeError):
        write_private(str(place), "\ud800")

    assert (place.read_text(), stat.S_IMODE(place.stat().st_mode)) == ("two", 0o600)
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert [*place.parent.iterdir()] == [place]
