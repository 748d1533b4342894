"""The demo league's pages in a real Chromium: the banner over everything, the iframe, the app and its requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from touchline.demo.league import League
from touchline.demo.site import DemoSite, Fault

pytestmark = pytest.mark.slow

OFFICIAL = "/mlsnext/standings/homegrown_division/"
ACCEPT = "#onetrust-accept-btn-handler"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with cookies and a cache of its own."""
    with browser.new_context() as context:
        yield context.new_page()


def documents(site: DemoSite) -> list[str]:
    return sorted(request.path for request in site.requests if request.path.startswith("/data/"))


def feeds(league: League, *names: str) -> list[str]:
    keys = [league.feeds[name].key for name in names]  # type: ignore[index]
    return sorted(f"/data/{kind}/{key}.json" for kind in ("schedule", "standings") for key in keys)


def test_the_banner_covers_the_page_until_it_is_accepted(page: Page, demo_site: DemoSite) -> None:
    """A click on a link of the page lands on the banner's filter; after consent it leads on."""
    page.goto(demo_site.url + OFFICIAL)
    expect(page.locator(ACCEPT)).to_be_visible()
    link = page.get_by_role("link", name="Academy Division")
    with pytest.raises(TimeoutError, match="intercepts pointer events"):
        link.click(timeout=1_000)
    page.click(ACCEPT)
    expect(page.locator("#onetrust-consent-sdk")).to_have_count(0)
    link.click()
    expect(page).to_have_url(f"{demo_site.url}/mlsnext/standings/academy_division/")


def test_the_iframe_gets_its_address_with_consent_and_in_view(page: Page, demo_site: DemoSite) -> None:
    """`data-src` becomes `src` when both are there; before that nobody has asked for a feed."""
    page.goto(demo_site.url + OFFICIAL)
    frame = page.locator('main[role="main"] iframe')
    expect(page.locator(ACCEPT)).to_be_visible()
    assert frame.get_attribute("src") is None
    assert documents(demo_site) == []
    page.click(ACCEPT)
    expect(page.locator("#onetrust-consent-sdk")).to_have_count(0)
    expect(frame).not_to_be_in_viewport()
    assert frame.get_attribute("src") is None
    frame.scroll_into_view_if_needed()
    expect(frame).to_have_attribute("src", f"{demo_site.url}/?league=homegrown")


@pytest.mark.parametrize(
    ("division", "names"), [("homegrown_division", ("homegrown", "flex")), ("academy_division", ("academy",))]
)
def test_the_app_loads_the_feeds_and_nothing_else(
    page: Page, demo_site: DemoSite, division: str, names: tuple[str, ...]
) -> None:
    """Each schedule and each standings document once; no request leaves the site."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{demo_site.url}/mlsnext/standings/{division}/")
    page.click(ACCEPT)
    page.locator("iframe").scroll_into_view_if_needed()
    page.frame_locator("iframe").locator(".fixture").first.wait_for()
    assert documents(demo_site) == feeds(demo_site.league, *names)
    assert [url for url in asked if not url.startswith((demo_site.url, "data:"))] == []


def test_the_network_never_rests(page: Page, demo_site: DemoSite) -> None:
    """Whoever waits for an idle network waits for ever, as on the real page (SOURCES.md, section 2)."""
    page.goto(demo_site.url + OFFICIAL)
    with pytest.raises(TimeoutError):
        page.wait_for_load_state("networkidle", timeout=2_000)


def test_fixtures_and_table_of_a_division_are_drawn(page: Page, demo_site: DemoSite) -> None:
    """A row for each match and each squad; scores where there are some; names as they are, whatever is in them."""
    feed = demo_site.league.feeds["homegrown"]
    bracket = next(each for each in feed.brackets if (each.name, each.age) == ("Lakes", "U17"))
    page.goto(f"{demo_site.url}/?league=homegrown&age=U17")
    expect(page.locator(".standing")).to_have_count(len(bracket.listed))
    numbers = [str(each.number) for each in feed.fixtures if each.bracket is bracket]
    drawn = page.locator(".fixture").evaluate_all("rows => rows.map((row) => row.dataset.gameKey)")
    assert set(numbers) <= set(drawn)
    played = [each for each in feed.fixtures if each.bracket is bracket and each.shown(demo_site.moment).completed]
    fixture = next(each for each in played if each.score and not each.claimed_at)
    assert fixture.score is not None
    row = page.locator(f'.fixture[data-game-key="{fixture.number}"]')
    expect(row.locator(".score")).to_have_text(f"{fixture.score.home} : {fixture.score.away}")
    expect(row).to_contain_text(f"{fixture.home.club.name} – {fixture.away.club.name}")


def test_another_age_group_can_be_chosen(page: Page, demo_site: DemoSite) -> None:
    """U14 has no official table: the app says so, and lists who is in the division."""
    page.goto(f"{demo_site.url}/?league=homegrown")
    page.get_by_label("Age group").select_option("U14")
    expect(page.locator("section").last).to_contain_text("No table is published: Quality of Play decides.")
    bracket = next(each for each in demo_site.league.feeds["homegrown"].brackets if each.age == "U14")
    expect(page.locator(".standing")).to_have_count(len(bracket.listed))


def test_a_feed_that_is_not_published_is_said_so(page: Page, demo_site: DemoSite) -> None:
    """The app does not stay empty when a page comes instead of data."""
    with demo_site.failing(Fault.SHELL):
        page.goto(f"{demo_site.url}/?league=academy")
        expect(page.locator(".error")).to_contain_text("is not published")
