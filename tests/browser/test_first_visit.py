"""What a first visit costs a phone, counted by the browser: from nothing to a page of questions."""

import pytest

from instruments import make_form

LANGUAGES = ("da", "ar", "bs", "en", "fa", "pl", "so", "tr", "uk", "ur")
LARGEST_VISIT = 30_000
MOST_REQUESTS = 4
PHONE = {"viewport": {"width": 360, "height": 740}, "locale": "da-DK"}


@pytest.fixture
def code(make):
    form = make_form(["tryghed", "background"], LANGUAGES)
    study = make.study(sender="Fonden for Gode Naboer")
    wave = make.open_wave(study, form)
    return make.invitation(wave, make.area(study))[1]


class Line:
    """Counts what comes over the line while it is watched: requests, and bytes with their headers."""

    def __init__(self, page):
        self.seen = {}
        self.session = page.context.new_cdp_session(page)
        self.session.send("Network.enable")
        self.session.on("Network.requestWillBeSent", self._asked)
        self.session.on("Network.loadingFinished", self._came)

    def _asked(self, event):
        # What scripts fetch once the page is there is the copy for a lost line, measured apart.
        if event["request"]["url"].startswith("http") and event["type"] != "Fetch":
            self.seen.setdefault(event["requestId"], [event["request"]["url"], 0])

    def _came(self, event):
        if event["requestId"] in self.seen:
            self.seen[event["requestId"]][1] = event["encodedDataLength"]

    def settled(self):
        self.session.send("Network.clearBrowserCache")
        self.seen.clear()

    @property
    def cost(self):
        return len(self.seen), sum(size for _, size in self.seen.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_visit_is_small_in_every_language(open_browser, code, language):
    page = open_browser(**PHONE, service_workers="block")
    line = Line(page)
    page.goto(f"/?language={language}", wait_until="networkidle")
    requests, size = line.cost
    assert 1 < requests <= MOST_REQUESTS, line.seen
    assert size <= LARGEST_VISIT, line.seen


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_of_questions_costs_no_more_with_nothing_kept(open_browser, code, language):
    page = open_browser(**PHONE, service_workers="block")
    page.goto(f"/c/{code}")
    page.locator(f"button[value={language}]").click()
    page.wait_for_url("**/about")
    page.locator("main form button.button").first.click()
    # What the page before still fetches must not be counted with the one that is watched.
    page.wait_for_url("**/page/1", wait_until="networkidle")
    line = Line(page)
    line.settled()
    page.goto("/page/1", wait_until="networkidle")
    requests, size = line.cost
    assert 1 < requests <= MOST_REQUESTS, line.seen
    assert size <= LARGEST_VISIT, line.seen
