"""The pages in a real browser: Chromium without a window, WebGL in software."""

import csv
import shutil
from pathlib import Path

import pandas as pd
import pytest

import nnzoo
from nnzoo.report import write_report

pytest.importorskip("plotly")
selenium = pytest.importorskip("selenium.webdriver")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no chromium with chromedriver"),
]
HOSTILE = "<script>alert(1)</script>"
FLAGS = (
    *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
    *("disable-background-networking", "disable-component-update", "disable-sync"),
    *("use-angle=swiftshader", "enable-unsafe-swiftshader", "window-size=1300,1000"),
)


@pytest.fixture
def browser(tmp_path):
    options = selenium.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = selenium.Chrome(options, selenium.ChromeService(DRIVER))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


def show(browser, file):
    """Load a page and wait until its charts are drawn; check that it is quiet and alone."""
    browser.get(Path(file).absolute().as_uri())
    drawn = browser.execute_async_script(
        """
        const done = arguments[0], charts = [...document.querySelectorAll(".chart")];
        const wait = () => charts.every((chart) => chart.querySelector(".main-svg"))
            ? setTimeout(() => done(charts.length), 1000) : setTimeout(wait, 50);
        wait();
        """
    )
    assert drawn
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not errors
    sent = [entry["message"] for entry in browser.get_log("performance")]
    requested = [text for text in sent if "Network.requestWillBeSent" in text]
    assert requested  # of the page itself
    assert not [text for text in requested if '"url":"http' in text or '"url":"ws' in text]
    assert not browser.find_elements("css selector", "[data-title*='hare']")  # sends data away
    assert "WebGL is not supported" not in browser.find_element("tag name", "body").text


def column(table, k):
    cells = table.find_elements("css selector", f"tbody td:nth-child({k + 1})")
    return [cell.get_attribute("textContent") for cell in cells]


def camera(browser):
    return browser.execute_script(
        "const eye = document.querySelector('.chart:has(.gl-container canvas)')"
        "._fullLayout.scene._scene.getCamera().eye; return [eye.x, eye.y, eye.z]"
    )


def test_a_run(browser, tmp_path):
    points = nnzoo.create_data("iris").points
    table = pd.DataFrame(points.x.numpy(), columns=["a", "<b>b</b>", "c", "d"])
    table["kind"] = [(HOSTILE, "<b>x & y</b>", "$z$")[k] for k in points.y.tolist()]
    table.to_csv(tmp_path / "iris.csv", index=False)
    run = nnzoo.train("mlp", tmp_path / "iris.csv", "kind", epochs=30, folder=tmp_path / "run")
    show(browser, write_report(run))
    legend = browser.find_element("css selector", ".chart:has(.gl-container canvas) .legend")
    names = {text.get_attribute("textContent") for text in legend.find_elements("tag name", "text")}
    assert {HOSTILE, "<b>x & y</b>", "$z$"} <= names
    tables = browser.find_elements("tag name", "table")
    assert HOSTILE in column(tables[1], 0)  # recalls
    assert browser.execute_script("return document.scripts.length") == 2 + len(
        browser.find_elements("css selector", ".chart")
    )

    scene = browser.find_element("css selector", ".gl-container canvas")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", scene)
    before = camera(browser)
    drag = selenium.ActionChains(browser).move_to_element(scene).click_and_hold()
    for _ in range(5):
        drag.move_by_offset(30, 10)
    drag.release().pause(0.5).perform()
    after = camera(browser)
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) > 0.1

    history = browser.find_element("css selector", "details")
    assert not history.find_element("tag name", "table").is_displayed()
    history.find_element("tag name", "summary").click()
    losses = [f"{value:.6g}" for value in run.history["loss"]]
    assert column(history.find_element("tag name", "table"), 2) == losses


def test_a_sweep(browser, nnzoo_train):
    options = ("model=mlp", "data=iris", "seed=range(0,12)", "trainer.max_epochs=5")
    rates = "model.optimizer.lr=1e-3,0.01"
    assert nnzoo_train("-m", *options, rates, "hydra.sweep.dir=sweep").code == 0
    show(browser, write_report("sweep"))
    with open("sweep/results.csv") as file:
        results = list(csv.DictReader(file))
    table = browser.find_elements("tag name", "table")[-1]
    headers = table.find_elements("css selector", "th button")
    names = [header.text.strip() for header in headers]
    for key, kind in (("seed", int), ("model.optimizer.lr", float), ("val_loss", float)):
        k = names.index(key)
        ordered = sorted(kind(row[key]) for row in results)
        browser.execute_script("arguments[0].scrollIntoView({inline: 'center'})", headers[k])
        for expected, order in ((ordered, "ascending"), (ordered[::-1], "descending")):
            headers[k].click()
            shown = [float(text) for text in column(table, k)]
            assert shown == pytest.approx(expected, rel=1e-5)
            sorts = [th.get_attribute("aria-sort") for th in table.find_elements("tag name", "th")]
            assert sorts[k] == order
            assert sorts.count("none") == len(sorts) - 1
    assert column(table, names.index("job")) != [row["job"] for row in results]
    coordinates = browser.find_elements("css selector", ".parcoords .axis-title")
    assert [title.text for title in coordinates] == ["seed", "lr", "validation loss"]
