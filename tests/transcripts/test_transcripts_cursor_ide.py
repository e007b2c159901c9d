"""Cursor's editor: values written anew under their keys, and folders that workspaces tell."""

import json
from pathlib import Path

import pytest
from live_writer import Writer

from sidecar.transcripts import ManySessions
from sidecar.transcripts.cursor_bubbles import path_of
from sidecar.transcripts.cursor_ide import CursorIde

TABLE = "CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)"
PUT = "INSERT INTO cursorDiskKV VALUES (?, ?)"
IDE = CursorIde()


def put(writer: Writer, key: str, **value: object) -> None:
    writer.run(PUT, [key, json.dumps(value)])


def test_an_answer_that_is_written_anew_again_and_again_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "state.vscdb"
    with Writer(path) as writer:
        writer.run(TABLE)
        put(writer, "bubbleId:c1:b1", type=1, text="Which oven?")
        cursor = IDE.read(path, None).cursor
        found = []
        for words in ("The", "The deck", "The deck oven."):
            put(writer, "bubbleId:c1:b2", type=2, text=words)
            put(writer, "composerData:c1", composerId="c1", createdAt=1770000000000)
            put(writer, "checkpointId:c1:x", files=[])
            result = IDE.read(path, cursor)
            found += [(message.id, message.text) for message in result.messages]
            cursor = result.cursor
        assert found == [("c1:b2", "The"), ("c1:b2", "The deck"), ("c1:b2", "The deck oven.")]
        put(writer, "composerData:c1", composerId="c1", fullConversationHeadersOnly=[])
        assert IDE.read(path, cursor).messages == ()


def test_bubbles_stand_where_the_list_names_them_or_is_about_to(tmp_path: Path) -> None:
    path = tmp_path / "state.vscdb"
    with Writer(path) as writer:
        writer.run(TABLE)
        listed: list[dict[str, object]] = []
        positions = []
        cursor = None
        for number in range(4):
            put(writer, f"bubbleId:c1:b{9 - number}", type=1, text=f"Words {number}")
            result = IDE.read(path, cursor)
            cursor = result.cursor
            positions += [message.position for message in result.messages]
            listed.append({"bubbleId": f"b{9 - number}", "type": 1})
            put(writer, "composerData:c1", composerId="c1", fullConversationHeadersOnly=listed)
        assert positions == [message.position for message in IDE.read(path, None).messages]


def test_the_folder_of_a_conversation_that_only_its_workspace_tells(tmp_path: Path) -> None:
    user = tmp_path / "User"
    path = user / "globalStorage" / "state.vscdb"
    workspace = user / "workspaceStorage" / "0a1b"
    for folder in (path.parent, workspace, user / "workspaceStorage" / "empty"):
        folder.mkdir(parents=True)
    (workspace / "workspace.json").write_text('{"folder": "file:///home/mia/my%20bakery"}')
    (user / "workspaceStorage" / "empty" / "workspace.json").write_text('{"folder": ')
    with Writer(workspace / "state.vscdb") as writer:
        writer.run("CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
        listed = json.dumps({"allComposers": [{"composerId": "c1"}, {}, None]})
        writer.run("INSERT INTO ItemTable VALUES ('composer.composerData', ?)", [listed])
    with Writer(path) as writer:
        writer.run(TABLE)
        for session in ("c1", "c2"):
            put(writer, f"composerData:{session}", composerId=session, createdAt=1770000000000)
            put(writer, f"bubbleId:{session}:b1", type=1, text="Which oven?")
        assert [header.cwds for header in IDE.headers(path)] == [("/home/mia/my bakery",), ()]
        parts = IDE.read(path, None).parts
        assert [part.header and part.header.cwds for part in parts] == [("/home/mia/my bakery",), ()]
    result = IDE.read(workspace / "state.vscdb", None)  # settings alone
    assert (result.messages, result.parts) == ((), ())


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/mia/my%20bakery", "/home/mia/my bakery"),
        ("file:///c%3A/Users/mia/bakery", "c:/Users/mia/bakery"),
        ("/home/mia/bakery", "/home/mia/bakery"),
        ("vscode-remote://ssh-remote%2Bmill/home/mia", None),
        ("file://server/share", None),
        ("file://[", None),
        ("", None),
        (None, None),
        ({"path": "/x"}, None),
    ],
)
def test_folders_from_uris(uri: object, path: str | None) -> None:
    assert path_of(uri) == path


def test_places() -> None:
    assert isinstance(IDE, ManySessions)
    for platform, environ, user in [
        ("linux", {"HOME": "/h"}, "/h/.config/Cursor/User"),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "/c"}, "/c/Cursor/User"),
        ("darwin", {"HOME": "/h", "XDG_CONFIG_HOME": "/c"}, "/h/Library/Application Support/Cursor/User"),
        ("win32", {"HOME": "/h", "APPDATA": "/h/AppData/Roaming"}, "/h/AppData/Roaming/Cursor/User"),
    ]:
        found = IDE.roots(environ, platform)
        assert found == (Path("/h/.cursor/projects"), Path(user, "globalStorage"), Path(user, "workspaceStorage"))
        assert [IDE.depth(root) for root in found] == [None, 0, 1]
    assert IDE.is_transcript(Path("/h/.config/Cursor/User/globalStorage/state.vscdb"))
    assert not IDE.is_transcript(Path("/h/.config/Cursor/User/globalStorage/state.vscdb.backup"))
    assert IDE.depth(Path("/backup/of/mine")) is None
