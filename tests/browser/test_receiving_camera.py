"""Sheets that come back: typed quicker than the line, and held before a camera whose codes the server finds."""

import re

import cv2
import numpy as np
import pytest
import segno
from browsers import ARGUMENTS, find_browser
from playwright.sync_api import expect

from survey.models import Sheet
from survey.printing.typesetting import page_code

A_MINUTE_LATER = "performance.now = (now => () => now.call(performance) + 61000)(performance.now)"
HIDDEN = """() => {
  Object.defineProperty(document, "hidden", { value: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def camera_sees(tmp_path, browser, live_server):
    """A function that opens a browser whose camera sees a page's code, as a phone's would."""
    opened = []

    def camera_sees(text):
        code = np.array(segno.make(text, error="q", micro=False).matrix, dtype=np.uint8)
        view = np.full((480, 640), 200, dtype=np.uint8)
        size = 9 * len(code)
        side = cv2.resize(230 - 200 * code, (size, size), interpolation=cv2.INTER_NEAREST)
        view[60 : 60 + size, 150 : 150 + size] = side
        view = cv2.GaussianBlur(view, (0, 0), 1.2)
        file = tmp_path / "camera.y4m"
        colours = np.full(480 * 640 // 2, 128, dtype=np.uint8).tobytes()
        header = b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\nFRAME\n"
        file.write_bytes(header + view.tobytes() + colours)
        with_camera = browser.browser_type.launch(
            executable_path=find_browser(),
            args=[
                *ARGUMENTS,
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-video-capture={file}",
            ],
        )
        opened.append(with_camera)
        page = with_camera.new_page(base_url=live_server, locale="da-DK")
        page.set_default_timeout(20_000)
        return page

    yield camera_sees
    for one in opened:
        one.close()


def test_a_sheet_is_received_by_the_camera(camera_sees, signs_in, employ, paper_wave):
    employ("Gerda", (paper_wave.study, "fieldworker"))
    (sheet,) = paper_wave.sheets(paper_wave.batch(), 1)
    page = camera_sees(page_code(sheet.serial, 1, 2, "0123456789"))
    signs_in(page, "Gerda")
    page.goto("/paper/receive")
    page.get_by_role("button", name="Brug kameraet").click()
    expect(page.locator("#received li")).to_have_count(1)
    expect(page.locator("#told")).to_contain_text(sheet.serial)
    assert paper_wave.state(sheet) == "returned"
    # Left alone for a minute, or in a tab that nobody looks at, it is put out and can be lit again.
    again, paused = page.get_by_role("button", name="Brug kameraet"), page.locator("#camera-told")
    for left_alone in (A_MINUTE_LATER, HIDDEN):
        expect(again).to_be_hidden()
        page.evaluate(left_alone)
        expect(paused).to_contain_text("Kameraet er slukket")
        assert page.evaluate("document.querySelector('#video').srcObject") is None
        again.click()


def test_sheets_typed_quicker_than_the_line_are_received_where_the_first_went(
    desk, signs_in, employ, paper_wave
):
    employ("Gerda", (paper_wave.study, "fieldworker"))
    sheets = paper_wave.sheets(paper_wave.batch("Åben"), 3)
    signs_in(desk, "Gerda")
    desk.goto("/paper/receive")
    slow = desk.context.new_cdp_session(desk)
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    slow.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": 2000})
    desk.fill("#name", "Anden")  # before the other among those to choose, which is the last
    slip = sheets[1].serial.lstrip("0")  # mended by what comes next: it is not named any more
    for number in (sheets[0].serial, "0000014", slip, sheets[1].serial):
        desk.fill("#serial", number)
        desk.keyboard.press("Enter")
    expect(desk.locator("#received li")).to_have_count(2)
    # What was wrong in between is named still, until somebody takes it off.
    expect(desk.locator("#not-noted li")).to_have_count(1)
    expect(desk.locator("#not-noted li")).to_have_text(re.compile("^0000014 er ikke et arknummer"))
    desk.get_by_role("button", name="Tag af listen 0000014").click()
    expect(desk.locator("#not-noted")).to_be_hidden()
    expect(desk.locator("#batch option:checked")).to_contain_text("Anden")
    expect(desk.locator("#serial")).to_have_value("")
    desk.fill("#serial", sheets[2].serial)
    desk.keyboard.press("Enter")
    desk.goto("/paper/")  # on its way, and the page is left
    for _ in range(100):
        if paper_wave.state(sheets[2]) == "returned":
            break
        desk.wait_for_timeout(50)
    with paper_wave.database.reading() as session:
        found = [session.get_one(Sheet, one.id) for one in sheets]
        assert [(one.state, one.batch.name) for one in found] == [("returned", "Anden")] * 3


def test_a_queue_that_signing_out_cut_is_told_sheet_by_sheet_after_signing_in(
    desk, signs_in, employ, paper_wave
):
    employ("Gerda", (paper_wave.study, "fieldworker"))
    sheets = paper_wave.sheets(paper_wave.batch("Åben"), 2)
    signs_in(desk, "Gerda")
    desk.goto("/paper/receive")
    desk.context.clear_cookies()
    desk.evaluate(
        """serials => {
            for (const serial of serials) {
                document.querySelector("#serial").value = serial;
                document.querySelector("#receive").requestSubmit();
            }
        }""",
        [one.serial for one in sheets],
    )
    desk.wait_for_url("**/staff/sign-in**")
    signs_in(desk, "Gerda")
    desk.goto("/paper/receive")
    expect(desk.locator("#not-noted li")).to_contain_text([one.serial for one in sheets])
    assert {paper_wave.state(one) for one in sheets} == {"printed"}
