"""The cases of docs/routing.md: each test here stands there; that each named one exists, tests/test_docs.py knows."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest
from routing_builders import Shelf, World, commit, header, name, repository, root_of, run

from sidecar.config import ProfileRule
from sidecar.model import ProfileRef
from sidecar.routing import Project
from sidecar.routing.names import path_digest

TABLE = Path(__file__).parents[2] / "docs" / "routing.md"
REMOTE = "git@github.com:acme/web.git"


def test_the_table_and_the_tests_agree() -> None:
    told = set(re.findall(r"`(test_\w+)`", TABLE.read_text(encoding="utf-8")))
    tests = {key for key in globals() if key.startswith("test_")} - {"test_the_table_and_the_tests_agree"}
    assert tests <= told


# --- repositories that are there


def test_a_repository_is_a_project(world: World) -> None:
    web = repository(world.home / "web", remote=REMOTE)
    route = world.router.route(header(web))
    assert route.profile == ProfileRef("local", "web")
    assert (route.root_commit, route.remotes) == (root_of(web), ("github.com/acme/web",))


def test_a_subfolder_belongs_to_its_repository(world: World) -> None:
    web = repository(world.home / "web")
    (web / "packages" / "api").mkdir(parents=True)
    assert world.session(web / "packages" / "api") == "web"
    assert world.at(web) == "web"


def test_work_trees_share_a_profile(world: World) -> None:
    web = repository(world.home / "web")
    run(web, "worktree", "add", "--quiet", str(world.home / "elsewhere" / "feature"))
    assert world.session(world.home / "elsewhere" / "feature") == "web"
    assert world.session(web) == "web"


def test_a_second_clone_shares_the_profile(world: World) -> None:
    web = repository(world.home / "web")
    run(world.home, "clone", "--quiet", str(web), "web-again")
    assert world.session(web) == "web"
    assert world.session(world.home / "web-again") == "web"


def test_a_rename_keeps_the_profile_and_its_name(world: World) -> None:
    web = repository(world.home / "web")
    assert world.session(web) == "web"
    web.rename(world.home / "shop")
    assert world.session(world.home / "shop") == "web"
    world.start()
    assert world.session(world.home / "shop") == "web"
    assert world.session(web) == "web", "old transcripts name the old folder"


def test_a_move_keeps_the_profile(world: World) -> None:
    web = repository(world.home / "web")
    assert world.session(web) == "web"
    (world.home / "work").mkdir()
    web.rename(world.home / "work" / "web")
    assert world.session(world.home / "work" / "web") == "web"


def test_a_new_remote_keeps_the_profile(world: World) -> None:
    web = repository(world.home / "web", remote=REMOTE)
    assert world.session(web) == "web"
    run(web, "remote", "set-url", "origin", "https://example.org/moved/shop.git")
    route = world.router.route(header(web))
    assert (name(route), route.remotes) == ("web", ("example.org/moved/shop",))


def test_two_repositories_of_one_name_get_two_profiles(world: World) -> None:
    one, two = repository(world.home / "a" / "web"), repository(world.home / "b" / "web")
    assert world.session(one) == "web"
    assert world.session(two) == f"web-{root_of(two)[:6]}"
    world.start()
    assert (world.session(two), world.session(one)) == (f"web-{root_of(two)[:6]}", "web")


def test_another_repository_in_the_same_folder_is_another_project(world: World) -> None:
    web = repository(world.home / "web", first="the first one")
    assert world.session(web) == "web"
    shutil.rmtree(web)
    repository(web, first="something else")
    assert world.session(web) == f"web-{root_of(web)[:6]}"


def test_a_rewritten_first_commit_keeps_the_profile(world: World) -> None:
    web = repository(world.home / "web")
    assert world.session(web) == "web"
    old = root_of(web)
    run(web, "commit", "--quiet", "--amend", "--allow-empty", "-m", "a better beginning")
    assert root_of(web) != old
    world.start()
    assert world.session(web) == "web"


def test_a_rewritten_history_with_the_same_remote_keeps_the_profile(world: World) -> None:
    web = repository(world.home / "web", remote=REMOTE)
    assert world.session(web) == "web"
    shutil.rmtree(web)
    repository(web, first="rewritten", remote="https://github.com/acme/web")
    world.start(has_commit=False)
    assert world.session(web) == "web"


def test_a_rewritten_history_in_another_folder_is_another_project(world: World) -> None:
    web = repository(world.home / "a" / "web", remote=REMOTE)
    other = repository(world.home / "b" / "web", first="rewritten", remote=REMOTE)
    assert (world.session(web), world.session(other)) == ("web", f"web-{root_of(other)[:6]}")


def test_a_repository_that_starts_anew_in_its_folder_keeps_the_profile(world: World) -> None:
    web = repository(world.home / "web", first="a first try")
    assert world.session(web) == "web"
    shutil.rmtree(web / ".git")
    run(web, "init", "--quiet")
    world.start()
    assert world.session(web) == "web"


def test_a_repository_without_commits_keeps_its_profile_when_it_gets_one(world: World) -> None:
    web = world.home / "web"
    web.mkdir()
    run(web, "init", "--quiet")
    assert world.session(web) == "web"
    first = commit(web, "begin")
    route = world.router.route(header(web))
    assert (name(route), route.root_commit) == ("web", first)
    web.rename(world.home / "shop")
    assert world.session(world.home / "shop") == "web"


def test_a_folder_that_becomes_a_repository_keeps_its_profile(world: World) -> None:
    notes = world.home / "notes"
    notes.mkdir()
    assert world.session(notes) == "notes"
    repository(notes)
    assert world.session(notes) == "notes"


def test_a_shallow_clone_is_known_by_its_remote(world: World) -> None:
    web = repository(world.temp / "origin" / "web")
    commit(web, "second")
    url = f"file://{web}"
    run(world.home, "clone", "--quiet", url, "full")
    run(world.home, "clone", "--quiet", "--depth", "1", url, "shallow")
    assert world.session(world.home / "full") == "full"
    route = world.router.route(header(world.home / "shallow"))
    assert (name(route), route.root_commit) == ("full", None)


def test_a_shallow_clone_that_came_first_is_joined_by_the_whole_one(world: World) -> None:
    web = repository(world.temp / "origin" / "web")
    commit(web, "second")
    url = f"file://{web}"
    run(world.home, "clone", "--quiet", "--depth", "1", url, "shallow")
    run(world.home, "clone", "--quiet", url, "full")
    assert world.session(world.home / "shallow") == "shallow"
    assert world.session(world.home / "full") == "shallow"
    run(world.home / "shallow", "fetch", "--quiet", "--unshallow")
    world.start()
    assert world.session(world.home / "shallow") == "shallow"


def test_the_oldest_of_several_root_commits_counts(world: World) -> None:
    web = repository(world.home / "web")
    run(web, "checkout", "--quiet", "--orphan", "pages")
    commit(web, "pages", date="2026-11-25T09:00:00Z")
    assert world.session(web) == "web"
    run(web, "checkout", "--quiet", "main")
    web.rename(world.home / "shop")
    assert world.session(world.home / "shop") == "web"


def test_a_submodule_is_a_project_of_its_own(world: World) -> None:
    library, web = repository(world.temp / "library"), repository(world.home / "web")
    run(web, "submodule", "--quiet", "add", str(library), "vendor/lib")
    assert world.session(web) == "web"
    assert world.session(web / "vendor" / "lib") == "lib"


def test_a_repository_within_another_is_a_project_of_its_own(world: World) -> None:
    web = repository(world.home / "web")
    tool = repository(web / "tools" / "linter")
    assert (world.session(web), world.session(tool)) == ("web", "linter")


def test_a_work_tree_of_a_bare_repository_has_the_name_of_that(world: World) -> None:
    web = repository(world.temp / "web")
    run(world.home, "clone", "--quiet", "--bare", str(web), "shop.git")
    run(world.home / "shop.git", "worktree", "add", "--quiet", str(world.home / "main-tree"), "main")
    assert world.session(world.home / "main-tree") == "shop"


def test_a_link_leads_to_the_repository(world: World) -> None:
    web = repository(world.home / "web")
    (world.home / "current").symlink_to(web)
    assert world.session(world.home / "current") == "web"
    assert len(set(world.shelf.notes.values())) == 1


# --- names


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("My Web_App", "my-web-app"),
        ("Größe", "grosse"),
        ("проект", "project"),
        ("..config--x.", "config-x"),
        ("x" * 50, "x" * 32),
        ("a" * 31 + "-b", "a" * 31),
        ("web.git", "web"),
    ],
)
def test_a_name_is_the_slug_of_the_folder(world: World, folder: str, expected: str) -> None:
    assert world.session(repository(world.home / folder)) == expected


def test_no_project_takes_the_name_personal(world: World) -> None:
    repo, folder = repository(world.home / "a" / "personal"), world.home / "b" / "personal"
    folder.mkdir(parents=True)
    assert world.session(repo) == f"personal-{root_of(repo)[:6]}"
    assert world.session(folder) == f"personal-{path_digest(str(folder))[:6]}"


def test_a_name_with_digits_still_fits(world: World) -> None:
    one, two = repository(world.home / "a" / ("w" * 40)), repository(world.home / "b" / ("w" * 40))
    assert world.session(one) == "w" * 32
    assert world.session(two) == f"{'w' * 25}-{root_of(two)[:6]}"


def test_a_profile_that_belongs_to_no_project_lends_its_name(world: World) -> None:
    world.router.adopt(ProfileRef("local", "web"), None, ())
    assert world.session(repository(world.home / "web")) == "web"


# --- folders that are no repository


def test_a_folder_outside_of_git_is_a_project(world: World) -> None:
    notes = world.home / "notes"
    notes.mkdir()
    route = world.router.route(header(notes))
    assert (name(route), route.root_commit, route.remotes) == ("notes", None, ())


def test_a_subfolder_outside_of_git_is_a_project_of_its_own(world: World) -> None:
    (world.home / "notes" / "2026").mkdir(parents=True)
    assert world.session(world.home / "notes") == "notes"
    assert world.session(world.home / "notes" / "2026") == "2026"


def test_two_folders_of_one_name_get_two_profiles(world: World) -> None:
    for parent in ("a", "b"):
        (world.home / parent / "notes").mkdir(parents=True)
    assert world.session(world.home / "a" / "notes") == "notes"
    assert world.session(world.home / "b" / "notes") == f"notes-{path_digest(str(world.home / 'b' / 'notes'))[:6]}"


@pytest.mark.parametrize("where", ["home", "root", "temp", "slash"])
def test_home_root_and_temp_are_personal(world: World, where: str) -> None:
    cwd = {"home": world.home, "root": Path("/"), "temp": world.temp, "slash": f"{world.home}/"}[where]
    route = world.router.route(header(cwd))
    assert (name(route), route.root_commit) == ("personal", None)


def test_a_repository_below_the_temp_folder_is_a_project(world: World) -> None:
    assert world.session(repository(world.temp / "scratch")) == "scratch"


def test_a_folder_below_the_temp_folder_is_a_project(world: World) -> None:
    (world.temp / "scratch").mkdir()
    assert world.session(world.temp / "scratch") == "scratch"


def test_a_home_folder_under_git_is_no_project(world: World) -> None:
    repository(world.home)
    (world.home / "notes").mkdir()
    assert world.session(world.home) == "personal"
    assert world.session(world.home / "notes") == "notes"
    assert world.session(world.home / "gone") == "gone"


def test_a_repository_that_git_does_not_read_is_a_folder(world: World) -> None:
    web = world.home / "web"
    (web / ".git").mkdir(parents=True)
    (web / ".git" / "HEAD").write_text("garbage")
    assert world.session(web) == "web"


# --- no folder at all


@pytest.mark.parametrize("cwd", [None, "", "relative/folder", "."])
def test_without_a_folder_it_is_personal(world: World, cwd: str | None) -> None:
    assert world.at(cwd) == "personal"
    assert world.session(*([] if cwd is None else [cwd])) == "personal"


def test_a_hash_of_a_known_folder_stands_for_it(world: World) -> None:
    web = repository(world.home / "web")
    digest = path_digest(str(web))
    assert world.session(session="g1", agent="gemini-cli", project_hash=digest) == "personal"
    world.learn([header(web / "src", session="c1")])
    assert world.session(session="g1", agent="gemini-cli", project_hash=digest.upper()) == "web"
    world.start()
    assert world.session(session="g1", agent="gemini-cli", project_hash=digest) == "web"


def test_a_session_without_a_folder_follows_its_parent(world: World) -> None:
    web = repository(world.home / "web")
    world.learn([header(web, session="p"), header(session="c", parent="p"), header(session="x", parent="x")])
    assert world.session(session="c", parent="p") == "web"
    assert world.session(session="x", parent="x") == "personal"


# --- folders that are gone


def test_a_deleted_subfolder_belongs_to_its_repository(world: World) -> None:
    web = repository(world.home / "web")
    assert world.session(web / "old" / "package") == "web"


def test_a_deleted_work_tree_is_remembered(world: World) -> None:
    web, tree = repository(world.home / "web"), world.home / "elsewhere" / "feature"
    run(web, "worktree", "add", "--quiet", str(tree))
    assert world.session(tree) == "web"
    run(web, "worktree", "remove", str(tree))
    world.start()
    assert world.session(tree) == "web"
    assert world.session(tree / "src") == "web"


def test_a_repository_that_vanished_is_remembered(world: World) -> None:
    web = repository(world.home / "web")
    assert world.session(web) == "web"
    shutil.rmtree(web)
    world.start()
    assert (world.session(web), world.session(web / "src")) == ("web", "web")


def test_a_gone_folder_is_found_by_its_remote(world: World) -> None:
    web = repository(world.home / "web", remote=REMOTE)
    world.learn(
        [
            header(world.home / "old-name", session="c1", agent="codex", remote="https://github.com/acme/web"),
            header(world.home / "old-name", session="a1"),
            header(web, session="a2", minutes=90),
        ]
    )
    assert world.session(world.home / "old-name", session="a1") == "web"


def test_a_gone_folder_is_found_by_a_commit(world: World) -> None:
    web = repository(world.home / "web")
    second = commit(web, "second")
    world.learn([header(web, session="a"), header(world.home / "old", session="b", agent="codex", commit=second)])
    assert world.session(world.home / "old", session="c") == "web"
    world.learn([header(world.home / "older", session="d", agent="codex", commit=root_of(web))])
    assert world.session(world.home / "older", session="e") == "web"


def test_a_gone_folder_is_found_by_a_session_that_knew_both(world: World) -> None:
    web = repository(world.home / "web")
    world.learn(
        [
            header(world.home / "old", session="a"),
            header(world.home / "old", web, session="b", minutes=10),
        ]
    )
    assert world.session(world.home / "old", session="a") == "web"


def test_a_gone_folder_is_found_over_another_gone_one(world: World) -> None:
    web = repository(world.home / "web")
    world.learn(
        [
            header(world.home / "oldest", world.home / "older", session="a"),
            header(world.home / "older", web, session="b", minutes=10),
        ]
    )
    assert world.session(world.home / "oldest", session="c") == "web"


def test_the_project_that_more_sessions_knew_wins(world: World) -> None:
    web, api = repository(world.home / "web"), repository(world.home / "api")
    old = world.home / "old"
    world.learn([header(old, api, session="a"), *(header(old, web, session=f"b{n}") for n in range(2))])
    assert world.session(old, session="z") == "web"


def test_a_session_that_strays_into_another_project_proves_nothing(world: World) -> None:
    web = repository(world.home / "web", remote=REMOTE)
    other = "https://github.com/acme/other"
    world.learn([header(web, session="a"), header(world.home / "old", web, session="b", remote=other)])
    assert world.session(world.home / "old", session="b", remote=other) == "old"


def test_a_gone_repository_within_another_is_not_taken_for_it(world: World) -> None:
    web = repository(world.home / "web", remote=REMOTE)
    other = "https://github.com/acme/linter"
    world.learn([header(web, session="a"), header(web / "linter", session="b", agent="codex", remote=other)])
    assert world.session(web / "linter", session="b") == "linter"


def test_the_first_folder_of_a_session_decides(world: World) -> None:
    web, api = repository(world.home / "web"), repository(world.home / "api")
    assert world.session(web, api) == "web"
    assert world.session(world.home, api) == "personal"


def test_a_gone_folder_that_nothing_is_known_of_is_a_project(world: World) -> None:
    assert world.session("/home/somebody/else/shop") == "shop"
    assert world.session("/srv/shop") == f"shop-{path_digest('/srv/shop')[:6]}"
    world.start()
    assert world.session("/home/somebody/else/shop") == "shop"


def test_subfolders_of_a_gone_repository_go_with_it(world: World) -> None:
    world.learn(
        [
            header("/srv/mono/packages/api", session="a", branch="main"),
            header("/srv/mono", session="b", minutes=10, branch="main"),
            header("/srv/plain/sub", session="c"),
            header("/srv/plain", session="d", minutes=10),
        ]
    )
    assert (world.at("/srv/mono/packages/api"), world.at("/srv/mono")) == ("mono", "mono")
    assert (world.at("/srv/plain/sub"), world.at("/srv/plain")) == ("sub", "plain")


def test_a_path_that_no_system_allows_is_a_gone_folder(world: World) -> None:
    assert world.session("/srv/" + "x" * 300 + "/y") == "y"
    assert world.session("/srv/nul\0byte") == "personal"


def test_a_folder_of_another_system_is_a_project(world: World) -> None:
    assert world.session("D:\\work\\shop\\") == "shop"
    assert world.session("D:\\work\\shop") == "shop"


def test_a_gone_folder_that_comes_back_as_a_repository_keeps_its_profile(world: World) -> None:
    assert world.session(world.home / "disk" / "web") == "web"
    repository(world.home / "disk" / "web")
    assert world.session(world.home / "disk" / "web") == "web"


# --- rules


def test_the_first_rule_that_matches_decides(world: World) -> None:
    web = repository(world.home / "work" / "web", remote=REMOTE)
    world.start(
        ProfileRule(agent="codex", ignore=True),
        ProfileRule(path="~/work/*", profile="work"),
        ProfileRule(remote="github.com/acme/*", profile="acme"),
    )
    assert world.session(web) == "work"
    assert world.session(web, agent="codex") is None
    assert world.session(web / "gone", agent="claude-code") == "work"
    assert world.router.route(header(web)).root_commit is None, "the profile is not this repository's"
    assert world.shelf.notes == {}, "a project that a rule sends away takes no name"


def test_a_rule_is_tried_before_everything_that_is_known(world: World) -> None:
    web = repository(world.home / "web")
    assert world.session(web) == "web"
    world.start(ProfileRule(path=str(web), profile="other"))
    assert world.session(web) == "other"
    world.start(ProfileRule(path=str(world.home), profile="mine"))
    assert (world.session(world.home), world.at(world.home / "x")) == ("mine", "mine")


def test_a_rule_about_agents_does_not_reach_a_mere_folder(world: World) -> None:
    world.start(ProfileRule(agent="*", profile="all"))
    assert world.session() == "all"
    assert world.at(None) == "personal"


# --- what stays the same


def test_the_order_of_sessions_does_not_matter(world: World) -> None:
    repos = [repository(world.home / parent / "web") for parent in "abc"]
    bare = [world.home / "x" / "notes", world.home / "y" / "notes"]
    for folder in bare:
        folder.mkdir(parents=True)
    headers = [header(folder, session=f"s{n}", minutes=n % 3) for n, folder in enumerate([*repos, *bare] * 2)]
    headers += [
        header(world.home / "old", repos[1], session="o1", minutes=None),
        header("/srv/web", session="o2", minutes=None),
        header("/srv/web/sub", session="o3", branch="main"),
        header("/gone/notes", session="o4"),
    ]
    outcomes = []
    for seed in range(5):
        world.shelf = Shelf()
        world.start()
        random.Random(seed).shuffle(headers)
        world.learn(headers)
        outcomes.append({h.session: world.session(*h.cwds, session=h.session) for h in headers} | world.shelf.notes)
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert outcomes[0]["s0"] == "web"


def test_names_go_to_the_sessions_that_began_first(world: World) -> None:
    one, two = repository(world.home / "a" / "web"), repository(world.home / "b" / "web")
    world.learn([header(one, session="a", minutes=30), header(two, session="b", minutes=5)])
    assert (world.at(two), world.at(one)) == ("web", f"web-{root_of(one)[:6]}")


def test_asking_alone_gives_no_name_away(world: World) -> None:
    one, two = repository(world.home / "a" / "web"), repository(world.home / "b" / "web")
    assert name(world.router.route_cwd(str(one), create=False)) == "web"
    assert world.shelf.notes == {}
    assert world.session(two) == "web"
    assert name(world.router.route_cwd(str(one), create=False)) == f"web-{root_of(one)[:6]}"


def test_asking_again_does_not_ask_git(world: World) -> None:
    web = repository(world.home / "web")
    assert world.at(web) == "web"
    asked = len(world.asked)
    commit(web, "more")
    assert world.at(web) == "web"
    assert len(world.asked) == asked
    run(web, "remote", "add", "origin", REMOTE)
    assert world.router.route_cwd(str(web)).remotes == ("github.com/acme/web",)


def test_a_lost_book_is_made_up_for_by_the_profiles_that_are_there(world: World) -> None:
    web = repository(world.home / "shop", remote=REMOTE)
    world.router.adopt(ProfileRef("local", "web"), root_of(web), [REMOTE])
    world.router.adopt(ProfileRef("other", "x"), root_of(web), [])
    assert world.session(web) == "web"
    world.router.adopt(ProfileRef("local", "thief"), root_of(web), [REMOTE])
    assert world.session(web) == "web", "what is known is not given away"


def test_a_deleted_profile_gives_its_name_back(world: World) -> None:
    one, two = repository(world.home / "a" / "web"), repository(world.home / "b" / "web")
    assert world.session(one) == "web"
    world.router.forget(ProfileRef("other", "web"))
    assert world.session(one) == "web"
    world.router.forget(ProfileRef("local", "web"))
    assert world.shelf.notes == {}
    assert world.session(two) == "web"


def test_namespaces_do_not_share_projects(world: World) -> None:
    web = repository(world.home / "web")
    assert world.session(web) == "web"
    world.start(namespace="work")
    assert world.router.route(header(web)).profile == ProfileRef("work", "web")


def test_a_profile_knows_its_project(world: World) -> None:
    web = repository(world.home / "web", remote=REMOTE)
    world.session(web)
    project = Project(root_of(web), ("github.com/acme/web",), (str(web),))
    assert world.router.project(ProfileRef("local", "web")) == project
    assert world.router.project(ProfileRef("local", "personal")) is None
    assert world.router.project(ProfileRef("other", "web")) is None
