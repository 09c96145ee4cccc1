"""Labelling in a real browser: by keys alone, offline and back, in two tabs, without JavaScript."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from projects.models import (
    Annotation,
    AnnotationEvent,
    Example,
    LabelClass,
    Lease,
    Project,
    User,
)
from tests.chromium import sign_in
from tests.factories import NOW, make_examples, make_project, make_user
from tests.labelling.people import always_pool, make_queue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ada(transactional_db: None) -> User:
    return make_user("ada")


@pytest.fixture
def project(ada: User) -> Project:
    project = always_pool(make_project(owner=ada, classes=("yes", "no", "maybe")))
    examples = make_examples(project, [f"text {n}" for n in range(1, 13)], n_audit=2)
    make_queue(project, examples[:1:-1])  # the last text first
    return project


@pytest.fixture
def page(browser_page: Page, live_server: LiveServer, ada: User, project: Project) -> Page:
    sign_in(browser_page, ada, live_server.url)
    browser_page.goto(f"/projects/{project.pk}/label/")
    return browser_page


@pytest.fixture
def plain_page(
    browser: Browser, live_server: LiveServer, ada: User, project: Project
) -> Iterator[Page]:
    """A browser without JavaScript."""
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, ada, live_server.url)
    page.goto(f"/projects/{project.pk}/label/")
    yield page
    context.close()


def expect_text(page: Page, text: str) -> None:
    expect(page.locator("#text-body")).to_have_text(text)


def expect_nothing_kept(page: Page) -> None:
    """The page forgets an answer just after it shows that the server has it."""
    for _ in range(50):
        if page.evaluate("localStorage.length") == 0:
            return
        page.wait_for_timeout(100)
    raise AssertionError("an answer is still kept in the browser")


def labels() -> dict[str, str]:
    """Text to class name, of every standing label."""
    names = {c.pk: c.name for c in LabelClass.objects.all()}
    standing = Annotation.objects.filter(state="labelled").select_related("example")
    return {a.example.text: names[a.labels[0]] for a in standing}


def test_labelling_with_the_keyboard_alone(page: Page) -> None:
    for text, key in (("text 12", "1"), ("text 11", "2"), ("text 10", "s"), ("text 9", "3")):
        expect_text(page, text)
        page.keyboard.press(key)
    expect_text(page, "text 8")
    assert labels() == {"text 12": "yes", "text 11": "no", "text 9": "maybe"}
    assert Annotation.objects.get(state="skipped").example.text == "text 10"


def test_undo_goes_back_step_by_step(page: Page) -> None:
    page.keyboard.press("1")
    expect_text(page, "text 11")
    page.keyboard.press("2")
    expect_text(page, "text 10")
    page.keyboard.press("u")
    expect_text(page, "text 11")
    page.keyboard.press("u")
    expect_text(page, "text 12")
    expect(page.locator("#last-act")).to_have_text("took back: yes")
    assert labels() == {}


def test_why_opens_after_the_answer_and_closes_with_escape(page: Page) -> None:
    expect(page.locator("#act-why")).to_have_count(0)
    page.keyboard.press("1")
    page.locator("#act-why").wait_for()
    page.keyboard.press("w")
    expect(page.locator("#side-body")).to_contain_text("Chosen by the strategy “Margin”")
    expect(page.locator("#side-body")).to_contain_text("Place in the queue")
    page.keyboard.press("Escape")
    expect(page.locator("#side-body")).to_be_empty()


def test_flag_comment_and_help_by_key(page: Page) -> None:
    page.keyboard.press("f")
    expect(page.locator("#act-flag")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("c")
    expect(page.locator("#comment")).to_be_focused()
    page.keyboard.type("s1 is typed, not pressed")
    page.get_by_role("button", name="Save the comment").click()
    expect(page.locator("#last-act")).to_have_text("comment saved")
    page.keyboard.press("?")
    expect(page.locator("#side-body")).to_contain_text("skip: you are not asked again")
    expect_text(page, "text 12")
    assert Annotation.objects.get().comment == "s1 is typed, not pressed"


def test_the_guideline_opens_beside_the_text(page: Page, project: Project) -> None:
    Project.objects.update(guideline="# When in doubt\n\nRead the *whole* text.")
    page.keyboard.press("g")
    expect(page.locator("#side-body")).to_contain_text("Read the whole text.")
    expect_text(page, "text 12")
    page.keyboard.press("g")
    expect(page.locator("#side-body")).to_be_empty()


def test_keys_with_a_modifier_answer_nothing(page: Page) -> None:
    for keys in ("Control+1", "Alt+2", "Meta+3"):
        page.keyboard.press(keys)
    page.keyboard.press("1")
    expect_text(page, "text 11")
    assert labels() == {"text 12": "yes"}


def test_focus_stays_where_the_hand_is_after_a_swap(page: Page) -> None:
    button = page.get_by_role("button", name="no")
    button.focus()
    page.keyboard.press("Enter")
    expect_text(page, "text 11")
    expect(button).to_be_focused()


def test_nothing_moves_when_the_next_text_is_long(page: Page) -> None:
    Example.objects.filter(text="text 11").update(text="long " * 3_000)
    before = [page.locator(f"#{name}").bounding_box() for name in ("text", "act-skip", "note")]
    page.keyboard.press("1")
    expect(page.locator("#text-body")).to_contain_text("long long")
    after = [page.locator(f"#{name}").bounding_box() for name in ("text", "act-skip", "note")]
    assert before == after


def test_a_double_click_is_one_answer(page: Page) -> None:
    page.get_by_role("button", name="yes").dblclick()
    expect_text(page, "text 11")
    page.wait_for_load_state("networkidle")
    assert AnnotationEvent.objects.count() == 1
    assert labels() == {"text 12": "yes"}


def test_offline_an_answer_is_kept_and_sent_when_the_network_is_back(page: Page) -> None:
    page.context.set_offline(True)
    page.keyboard.press("2")
    expect(page.locator("#note")).to_contain_text("kept in this browser, not yet saved")
    page.keyboard.press("1")  # the page waits
    assert AnnotationEvent.objects.count() == 0
    page.context.set_offline(False)
    expect_text(page, "text 11")
    expect(page.locator("#last-act")).to_have_text("no")
    assert labels() == {"text 12": "no"}


def test_a_kept_answer_survives_closing_the_page(page: Page, project: Project) -> None:
    page.context.set_offline(True)
    page.keyboard.press("3")
    expect(page.locator("#note")).to_contain_text("not yet saved")
    page.close()
    again = page.context.new_page()
    page.context.set_offline(False)
    again.goto(f"/projects/{project.pk}/label/")
    expect(again.locator("#last-act")).to_have_text("maybe")
    assert labels() == {"text 12": "maybe"}
    expect_nothing_kept(again)


def test_when_the_servers_word_is_lost_the_answer_counts_once(page: Page) -> None:
    """The server saves, but its response never arrives: the resend must not be a second answer."""
    lost: list[int] = []

    def lose_the_first(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route("**/label/", lose_the_first)
    page.keyboard.press("1")
    expect_text(page, "text 11")
    assert lost == [200]
    assert AnnotationEvent.objects.count() == 1


def abort_answers(route: Route) -> None:
    if route.request.method == "POST":
        route.abort()
    else:
        route.continue_()


@pytest.fixture
def kept_in_two_tabs(page: Page, project: Project) -> Page:
    """A second tab. Offline, the first answered yes, the second no; the second cannot send."""
    second = page.context.new_page()
    second.goto(f"/projects/{project.pk}/label/")
    expect_text(second, "text 11")
    second.route("**/label/", abort_answers)
    page.context.set_offline(True)
    for tab, key in ((page, "1"), (second, "2")):
        tab.keyboard.press(key)
        expect(tab.locator("#note")).to_contain_text("not yet saved")
    return second


def test_a_tab_whose_answer_another_tab_has_sent_goes_on(
    page: Page, kept_in_two_tabs: Page
) -> None:
    page.context.set_offline(False)
    expect(page.locator("#last-act")).to_have_text("no")
    expect(kept_in_two_tabs.locator("#last-act")).to_have_text("no")
    shown = {tab.locator("#text-body").inner_text() for tab in (page, kept_in_two_tabs)}
    assert shown == {"text 10", "text 9"}
    assert labels() == {"text 12": "yes", "text 11": "no"}


def test_a_kept_answer_that_is_refused_is_told_though_a_later_one_is_saved(
    page: Page, kept_in_two_tabs: Page
) -> None:
    LabelClass.objects.filter(name="yes").update(retired_at=NOW)
    page.context.set_offline(False)
    expect(page.locator("#note .refusal")).to_have_text(
        "A kept answer was not saved: The class “yes” was retired meanwhile. "
        "Choose one that is shown."
    )
    expect_text(page, "text 12")
    expect(kept_in_two_tabs.locator("#last-act")).to_have_text("no")
    assert labels() == {"text 11": "no"}
    expect_nothing_kept(page)


def test_a_server_in_trouble_keeps_the_answer_until_it_is_well(page: Page) -> None:
    page.route("**/label/", lambda route: route.fulfill(status=503, body="no"), times=1)
    page.keyboard.press("1")
    expect(page.locator("#note")).to_contain_text("the server is in trouble")
    page.get_by_role("button", name="try now").click()
    expect_text(page, "text 11")
    assert labels() == {"text 12": "yes"}


def test_signed_out_meanwhile_the_answer_waits_for_signing_in(
    page: Page, live_server: LiveServer, ada: User, project: Project
) -> None:
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("1")
    expect(page.locator("#note")).to_contain_text("you are signed out")
    sign_in(page, ada, live_server.url)
    page.get_by_role("link", name="Sign in, then it is sent").click()
    expect(page.locator("#last-act")).to_have_text("yes")
    assert labels() == {"text 12": "yes"}


def test_two_tabs_show_two_texts(page: Page, project: Project) -> None:
    other = page.context.new_page()
    other.goto(f"/projects/{project.pk}/label/")
    expect_text(page, "text 12")
    expect_text(other, "text 11")
    assert Lease.objects.count() == 2


def test_a_duplicated_tab_gets_a_text_of_its_own(page: Page) -> None:
    copy = page.context.new_page()
    copy.goto(page.url)  # as "duplicate tab" does
    expect_text(copy, "text 11")
    assert copy.url != page.url
    expect_text(page, "text 12")


def test_reloading_keeps_the_text(page: Page) -> None:
    address = page.url
    page.reload()
    page.wait_for_timeout(1800)  # longer than the page waits for its tab's lock
    expect_text(page, "text 12")
    assert page.url == address


def many_classes(project: Project) -> None:
    for position in range(3, 77):
        name = f"class {position}"
        LabelClass.objects.create(project=project, name=name, colour=1, position=position)


def test_many_classes_are_found_by_typing(page: Page, project: Project) -> None:
    many_classes(project)
    page.reload()
    field = page.get_by_role("combobox", name="Class")
    expect(field).to_be_focused()
    page.keyboard.type("class 7")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect_text(page, "text 11")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    assert labels() == {"text 12": "class 70"}


def test_leaving_the_field_gives_the_keys_back(page: Page, project: Project) -> None:
    many_classes(project)
    page.reload()
    page.get_by_role("combobox", name="Class").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect_text(page, "text 11")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Class")).to_be_focused()
    assert labels() == {"text 12": "no"}


def test_without_javascript_everything_works_as_forms(plain_page: Page) -> None:
    page = plain_page
    page.get_by_role("button", name="no").click()
    expect_text(page, "text 11")
    page.locator("#act-skip").click()
    expect_text(page, "text 10")
    page.locator("#act-undo").click()
    expect_text(page, "text 11")
    page.locator("#act-flag").click()
    expect(page.locator("#act-flag")).to_have_attribute("aria-pressed", "true")
    page.locator("#act-comment").click()
    page.locator("#comment").fill("odd")
    page.get_by_role("button", name="Save the comment").click()
    page.locator("#act-why").click()
    expect(page.locator("#side-body")).to_contain_text("Place in the queue")
    assert labels() == {"text 12": "no"}
    assert Annotation.objects.get(flagged=True).comment == "odd"


def test_without_javascript_many_classes_are_a_list(plain_page: Page, project: Project) -> None:
    many_classes(project)
    plain_page.reload()
    plain_page.locator("#class-select").select_option("class 40")
    plain_page.get_by_role("button", name="Label").click()
    expect_text(plain_page, "text 11")
    assert labels() == {"text 12": "class 40"}


def test_an_answer_is_changed_from_the_history(page: Page, project: Project) -> None:
    page.keyboard.press("1")
    expect_text(page, "text 11")
    page.keyboard.press("h")
    page.get_by_text("Change, comment, why").click()
    page.get_by_label("Class").last.select_option("maybe")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.locator(".history-label")).to_have_text("maybe")
    assert labels() == {"text 12": "maybe"}


def test_on_a_phone_every_target_is_large_enough(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.keyboard.press("1")
    expect_text(page, "text 11")
    targets = page.locator("#work button, #work a").all()
    boxes = [target.bounding_box() for target in targets if target.is_visible()]
    assert min(box["height"] for box in boxes if box) >= 44
    assert max(box["x"] + box["width"] for box in boxes if box) <= 390


def faults(page: Page) -> list[str]:
    """What axe finds serious or critical, in words."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {[node['html'] for node in fault['nodes']]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_label_page(
    page: Page, project: Project, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.keyboard.press("1")
    expect_text(page, "text 11")
    assert faults(page) == []
    for key, words in (("w", "Why was it asked?"), ("c", "On this text"), ("?", "these keys")):
        page.keyboard.press(key)
        expect(page.locator("#side-body")).to_contain_text(words)
        assert faults(page) == []
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    many_classes(project)
    page.reload()
    assert faults(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_history(
    page: Page, project: Project, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.keyboard.press("1")
    expect_text(page, "text 11")
    page.goto(f"/projects/{project.pk}/history/")
    page.get_by_text("Change, comment, why").click()
    assert faults(page) == []
    Annotation.objects.all().delete()
    page.reload()
    assert faults(page) == []


def test_axe_finds_nothing_serious_where_nothing_is_left(page: Page, project: Project) -> None:
    project.label_classes.update(retired_at=NOW)
    page.reload()
    expect(page.locator("#text")).to_contain_text("There is no class yet")
    assert faults(page) == []
