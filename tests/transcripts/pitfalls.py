"""Which test shows each pitfall of each reader.

A cell names tests (`module::test` for tests/transcripts/test_transcripts_<module>.py), or files below tests/data that
must be read as stands beside them, or says why the pitfall cannot be had there (`none: ...`).
"""

from __future__ import annotations

NONE = "none: "

LINED = "claude-code codex copilot-cli cursor gemini messages native openclaw pi qwen".split()
DOCUMENTS = ("cline", "roo")
TEXTS = ("aider", "markdown")
STORES = ("goose", "opencode")
AGENTS = sorted((*LINED, *DOCUMENTS, *TEXTS, *STORES))

Row = dict[str, str]


def _row(cells: Row, *, lined: str = "", documents: str = "", texts: str = "", stores: str = "") -> Row:
    """A row: what holds for a form, and what holds for single readers besides or instead."""
    found = {
        **(dict.fromkeys(LINED, lined) if lined else {}),
        **(dict.fromkeys(DOCUMENTS, documents) if documents else {}),
        **(dict.fromkeys(TEXTS, texts) if texts else {}),
        **(dict.fromkeys(STORES, stores) if stores else {}),
    }
    for agent, cell in cells.items():
        found[agent] = f"{found[agent]}{cell[1:]}" if cell.startswith("+") else cell
    return found


def _others(why: str, **cells: str) -> Row:
    """A row of which most readers cannot have the pitfall."""
    return dict.fromkeys(AGENTS, NONE + why) | {agent.replace("_", "-"): cell for agent, cell in cells.items()}


_CHATS = "transcripts/qwen/projects/-home-mia-bakery/chats"
_STATE = "transcripts/copilot-cli/session-state"
_WHOLE = NONE + "the document is written anew as a whole, see there"
_ROWS = NONE + "rows have no lines"
_JSON = "growth::test_document_being_rewritten_is_tried_again"

PITFALLS: dict[str, Row] = {
    "rubbish of any size": dict.fromkeys(AGENTS, "hostile::test_megabytes_of_rubbish_are_no_hang"),
    "very many short messages": _others(
        "the document or the rows are taken whole, or in pieces of their own",
        **dict.fromkeys((*LINED, *TEXTS), "hostile::test_memory_is_at_most_five_times_the_file"),
    ),
    "partial last line": _row(
        {},
        lined="growth::test_partial_last_line_waits",
        documents=_WHOLE,
        texts="texts::test_answer_that_grows_is_given_as_far_as_it_is_there",
        stores="databases::test_what_is_committed_to_the_log_is_seen_and_nothing_else",
    ),
    "growth at any byte": _row(
        {"cursor": "+, stores::test_growth_under_a_live_writer_equals_one_read"},
        lined="growth::test_growth_at_any_byte_equals_one_read",
        documents="documents::test_a_task_is_given_as_a_whole_whenever_it_changes",
        texts="growth::test_growth_at_any_byte_equals_one_read",
        stores="stores::test_growth_under_a_live_writer_equals_one_read",
    ),
    "glued objects": _row(
        {},
        lined="pitfalls::test_glued_objects_are_both_read",
        documents=_WHOLE,
        texts=NONE + "a text has no records",
        stores=_ROWS,
    ),
    "damaged lines": _row(
        {},
        lined="pitfalls::test_a_damaged_line_is_counted_and_stepped_over",
        documents="documents::test_a_document_that_is_no_session",
        texts="fuzz::test_damaged_files",
        stores="stores::test_damaged_databases_raise_our_errors_alone",
    ),
    "truncation in place": _row(
        {},
        lined="growth::test_cut_and_grown_again_is_noticed, growth::test_shrunk_file_is_read_from_the_start",
        documents=_WHOLE,
        texts="growth::test_text_that_is_rewritten_as_a_whole_keeps_its_ids",
        stores="stores::test_another_database_in_its_place_is_read_from_the_start",
    ),
    "a rewritten whole file": _row(
        {
            "codex": f"+, {_JSON}",
            "gemini": f"+, {_JSON}",
            "pi": "+, relatives::test_pi_keeps_its_ids_when_an_old_file_is_rewritten",
        },
        lined="growth::test_another_file_under_the_same_name_is_noticed",
        documents="documents::test_a_task_is_given_as_a_whole_whenever_it_changes",
        texts="growth::test_text_that_is_rewritten_as_a_whole_keeps_its_ids",
        stores="stores::test_another_database_in_its_place_is_read_from_the_start",
    ),
    "rewind": _others(
        "nothing is taken back in the file: abandoned branches stay, or the format has none",
        cline="documents::test_a_task_is_given_as_a_whole_whenever_it_changes",
        codex="codex::test_rollback_withdraws_what_an_earlier_read_has_given, transcripts/codex/rollback.jsonl",
        copilot_cli=f"relatives::test_single_events_of_copilot_are_taken_back, {_STATE}/rewind/events.jsonl",
        gemini="gemini::test_rewind_after_earlier_reads_gives_the_whole, transcripts/gemini/rewind.jsonl",
        native="transcripts/native/withdrawn.jsonl",
        openclaw="transcripts/pi/compaction-and-branches.jsonl",
        opencode="stores::test_undone_messages_are_taken_back_and_come_again_when_that_is_undone",
        pi="transcripts/pi/compaction-and-branches.jsonl",
        qwen=f"relatives::test_rewind_of_qwen_withdraws_what_earlier_reads_have_given, {_CHATS}/rewind.jsonl",
        roo="documents::test_a_task_is_given_as_a_whole_whenever_it_changes",
    ),
    "replay after resume": _others(
        "a resumed session goes on in the same file or row",
        aider="texts::test_launches_of_aider_are_in_local_time",
        claude_code="claude::test_resume_and_fork_keep_the_ids",
        codex="codex::test_fork_replays_its_parents_turns_under_the_same_ids",
        gemini="transcripts/gemini/message-that-comes-again.jsonl",
        goose="stores::test_a_conversation_that_is_written_anew_is_the_same",
        native="native::test_same_id_again_replaces_and_a_uuid_is_unique_everywhere",
    ),
    "fork with the same record ids": _others(
        "forks get new ids, or the format has none",
        claude_code="claude::test_resume_and_fork_keep_the_ids",
        codex="codex::test_fork_replays_its_parents_turns_under_the_same_ids",
        openclaw="relatives::test_a_fork_of_pi_repeats_its_parents_ids",
        pi="relatives::test_a_fork_of_pi_repeats_its_parents_ids, transcripts/pi/fork.jsonl",
        native="native::test_same_id_again_replaces_and_a_uuid_is_unique_everywhere",
    ),
    "compaction": _others(
        "the file does not show it, or the format has none",
        claude_code="transcripts/claude-code/compaction.jsonl",
        codex="transcripts/codex/compacted.jsonl",
        copilot_cli=f"{_STATE}/compaction-and-subagent/events.jsonl",
        gemini="gemini::test_compression_after_earlier_reads_doubles_nothing",
        goose="database_golden::test_oddity, databases/goose/sessions.sql",
        openclaw="transcripts/pi/compaction-and-branches.jsonl",
        opencode="database_golden::test_oddity, databases/opencode/messages_with_parts.sql",
        pi="transcripts/pi/compaction-and-branches.jsonl",
        qwen=f"{_CHATS}/compression.jsonl",
    ),
    "sidechains and subagents once only": _others(
        "the format has no subagents of its own",
        claude_code="claude::test_answer_of_a_subagent_counts_in_its_own_file_alone, "
        "transcripts/claude-code/sidechain-in-main-file.jsonl",
        codex="codex::test_subagent_hears_its_parent_not_the_person, transcripts/codex/subagent.jsonl",
        copilot_cli=f"{_STATE}/compaction-and-subagent/events.jsonl",
        cursor="transcripts/cursor/projects/home-mia-bakery/agent-transcripts/5f0c/subagents/9a.jsonl",
        gemini="gemini::test_subagent_belongs_to_its_parent",
        goose="database_golden::test_oddity, databases/goose/sessions.sql",
        native="transcripts/native/everything.jsonl",
        opencode="database_golden::test_oddity, databases/opencode/messages_with_parts.sql",
        qwen="transcripts/qwen/projects/-home-mia-bakery/subagents/0195bbbb-0000-7000-8000-000000000001/agent-7.jsonl",
    ),
    "prompts typed mid-turn": _others(
        "they stand as any other prompt",
        claude_code="transcripts/claude-code/prompt-typed-in-mid-turn.jsonl",
        qwen=f"{_CHATS}/0195bbbb-0000-7000-8000-000000000001.jsonl",
    ),
    "machine text in the user role": {
        "aider": "transcripts/aider/launches",
        "claude-code": "transcripts/claude-code/machine-text-in-user-role.jsonl, "
        "transcripts/claude-code/origin-tells-human-from-machine.jsonl",
        "cline": "transcripts/cline/globalStorage/saoudrizwan.claude-dev/tasks/1772614800000",
        "codex": "transcripts/codex/items-only.jsonl, transcripts/codex/marked-user-events-of-old-versions.jsonl",
        "copilot-cli": f"{_STATE}/machine-text-in-user-role/events.jsonl",
        "cursor": "transcripts/cursor/projects/home-mia-bakery/agent-transcripts/5f0c/5f0c.jsonl",
        "gemini": "transcripts/gemini/injected-text.jsonl, transcripts/gemini/shell-output.jsonl",
        "goose": "database_golden::test_oddity, databases/goose/sessions.sql",
        "markdown": "transcripts/markdown/exported.md",
        "messages": "transcripts/messages/openai-lines.jsonl",
        "native": "transcripts/native/everything.jsonl",
        "openclaw": "transcripts/openclaw/agents/main/sessions/timers-and-the-programs-own-turns.jsonl",
        "opencode": "database_golden::test_oddity, databases/opencode/messages_with_parts.sql",
        "pi": "transcripts/pi/roles.jsonl",
        "qwen": f"{_CHATS}/machine-text-in-user-role.jsonl",
        "roo": "transcripts/roo/globalStorage/rooveterinaryinc.roo-cline/tasks/1772614800000",
    },
    "injected memory, ours and other tools'": dict.fromkeys(
        AGENTS, "pitfalls::test_our_memory_and_that_of_others_is_not_heard_again"
    ),
    "missing and absurd timestamps": _row(
        {"claude-code": "+, transcripts/claude-code/absurd-times.jsonl"},
        lined="pitfalls::test_absurd_times_are_no_times, pitfalls::test_a_record_without_a_time_is_heard",
        documents="documents::test_messages_without_times_count_as_said_at_the_last_write",
        texts=NONE + "single messages have no times, a launch or an export at most has one",
        stores="stores::test_any_value_may_stand_in_any_column",
    ),
    "lone surrogates and NUL bytes": _row(
        {"claude-code": "+, transcripts/claude-code/surrogates-and-nul.jsonl"},
        lined="pitfalls::test_surrogates_and_nuls_are_made_safe",
        documents="pitfalls::test_surrogates_and_nuls_are_made_safe",
        texts="pitfalls::test_bytes_that_are_no_text_are_made_safe",
        stores="pitfalls::test_surrogates_and_nuls_are_made_safe",
    ),
    "1 MB lines": dict.fromkeys(AGENTS, "pitfalls::test_a_megabyte_is_heard_whole"),
    "images": _row(
        {
            "claude-code": "+, transcripts/claude-code/pictures.jsonl, growth::test_line_of_megabytes_with_a_picture",
            "codex": "+, transcripts/codex/picture-tags-only-in-the-item.jsonl",
            "pi": "+, transcripts/pi/pictures.jsonl",
            "goose": "database_golden::test_oddity, databases/goose/sessions.sql",
            "opencode": "database_golden::test_oddity, databases/opencode/messages_with_parts.sql",
        },
        lined="pitfalls::test_pictures_leave_the_words",
        documents="documents::test_pictures_of_a_task_leave_the_words",
        texts="text::test_picture_in_a_line_leaves_its_mark",
    ),
    "zero-byte files": dict.fromkeys(AGENTS, "growth::test_empty_file"),
    "`.json` beside its migrated `.jsonl`": _others(
        "the format was never moved to lines",
        gemini="gemini::test_old_file_yields_to_the_new_one_of_its_session",
        codex="places::test_what_is_a_transcript",
        cursor="texts::test_text_form_of_cursor_yields_to_the_records",
        opencode="stores::test_old_files_and_the_database_say_the_same",
    ),
    "SQLite in WAL mode under a live writer": _others(
        "the format is no database",
        cursor="stores::test_growth_under_a_live_writer_equals_one_read, "
        "cursor_ide::test_an_answer_that_is_written_anew_again_and_again_is_one_message",
        goose="stores::test_growth_under_a_live_writer_equals_one_read, "
        "stores::test_a_locked_database_has_nothing_new_yet",
        opencode="stores::test_growth_under_a_live_writer_equals_one_read, "
        "stores::test_a_locked_database_has_nothing_new_yet",
        openclaw="openclaw_store::test_results_find_calls_of_earlier_reads_and_nothing_is_told_twice, "
        "databases::test_a_reader_in_mid_read_holds_no_writer_up, databases::test_a_missing_database_is_not_made",
    ),
}
