"""A sheet's code held before the camera: found by the server where the browser finds none itself."""

import cv2
import numpy as np
import pytest
import segno
from browsers import ARGUMENTS, find_browser
from playwright.sync_api import expect

from survey.printing.typesetting import page_code


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
