"""Pages of `ablate report` and `ablate serve` in a real browser: headless Chromium by way of its driver.

Usage: page_test.py ABLATE SOURCE [--keep FOLDER]
Runs a small sweep and looks at its page: no script error, every figure drawn, keyboard, print, dark, a phone's width, files of figures; then
at the live page while more of the sweep runs. --keep leaves screenshots and pages in a folder.
"""
import argparse
import base64
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

try:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.ui import Select, WebDriverWait
except ImportError:
    webdriver = None

CHROMIUM, DRIVER = shutil.which('chromium'), shutil.which('chromedriver')
PHONE, DESKTOP = (375, 800), (1280, 1000)
SWEEP = '''
experiment = "{experiment}"
seeds = {seeds}
[[axis]]
key = "demo.resolution"
levels = [2, 4, 8]
[[axis]]
key = "demo.width"
levels = [8, 32]
[[claim]]
name = "width <b>matters</b> & how"
score = "demo-accuracy"
better = 32
than = 8
axis = "demo.width"
'''


def run(*words, folder):
    done = subprocess.run([str(word) for word in words], cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode not in (0,):
        raise AssertionError(f'{words}: exit {done.returncode}\n{done.stdout}{done.stderr}')
    return done.stdout


def start_browser(size):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for word in ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', f'--window-size={size[0]},{size[1]}'):
        options.add_argument(word)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    return webdriver.Chrome(service=Service(DRIVER), options=options)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix='ablate-page-'))
        cls.sweep = cls.folder / 'demo-page.toml'
        cls.write_sweep(2)
        cls.ablate('run', cls.sweep, '--quiet')
        cls.ablate('report', 'demo-page', '-o', 'page.html')
        cls.means = json.loads(cls.ablate('query', "SELECT cell, avg(json_extract(scores, '$.demo-accuracy')) AS mean FROM runs GROUP BY cell ORDER BY cell", '--format', 'json'))
        cls.downloads = cls.folder / 'downloads'
        cls.downloads.mkdir()
        cls.browser = start_browser(DESKTOP)
        cls.browser.execute_cdp_cmd('Browser.setDownloadBehavior', {'behavior': 'allow', 'downloadPath': str(cls.downloads)})

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        if ARGUMENTS.keep:
            shutil.copytree(cls.folder, ARGUMENTS.keep, dirs_exist_ok=True)
        shutil.rmtree(cls.folder)

    @classmethod
    def write_sweep(cls, seeds):
        cls.sweep.write_text(SWEEP.format(experiment=ARGUMENTS.source / 'experiments/demo.toml', seeds=seeds))

    @classmethod
    def ablate(cls, *words):
        return run(ARGUMENTS.ablate, *words, folder=cls.folder)

    def open(self, address=None, drawn=True):
        self.browser.get_log('browser')  # What was said on the page before is not this one's.
        self.browser.get(address or (self.folder / 'page.html').as_uri())
        if drawn:
            self.wait_until_drawn()

    def wait_until_drawn(self):
        WebDriverWait(self.browser, 30).until(lambda browser: browser.execute_script(
            'return document.getElementById("report").dataset.ready !== undefined && [...document.querySelectorAll(".chart")].every(c => c.dataset.drawn !== undefined)'))
        self.no_errors()

    def no_errors(self):
        self.assertIsNone(self.browser.execute_script('return document.getElementById("report").dataset.error || null'))
        wrong = [entry for entry in self.browser.get_log('browser') if entry['level'] == 'SEVERE' and 'favicon' not in entry['message']]
        self.assertEqual(wrong, [])

    def charts(self):
        return self.browser.find_elements(By.CSS_SELECTOR, '.chart')

    def picture(self, name):
        if ARGUMENTS.keep:
            shot = self.browser.execute_cdp_cmd('Page.captureScreenshot', {'captureBeyondViewport': True})
            (self.folder / f'{name}.png').write_bytes(base64.b64decode(shot['data']))

    def emulate(self, size=None, scheme='light'):
        self.browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
        if size:
            self.browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {'width': size[0], 'height': size[1], 'deviceScaleFactor': 1, 'mobile': size == PHONE})
        else:
            self.browser.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})

    def tearDown(self):
        self.emulate()

    def test_every_figure_is_drawn_and_no_script_fails(self):
        self.open()
        titles = [chart.get_attribute('aria-label') for chart in self.charts()]
        for words in ('what matters', 'differences between levels', 'by demo.', 'by step', 'against cost', 'Cells by their levels'):
            self.assertTrue(any(words in title for title in titles), f'{words}: {titles}')
        for chart in self.charts():
            marks = chart.find_elements(By.CSS_SELECTOR, 'svg path, canvas')
            self.assertGreater(len(marks), 3, chart.get_attribute('aria-label'))
            self.assertGreater(chart.size['width'], 1000)
        self.picture('desktop')

    def test_it_says_what_it_ran_on(self):
        self.open()
        text = self.browser.find_element(By.ID, 'again').text
        detail = json.loads(self.ablate('query', "SELECT json_extract(detail, '$.versions.compiler') AS compiler FROM attempts LIMIT 1", '--format', 'json'))
        self.assertIn("worker's compiler " + detail[0]['compiler'], text)

    def test_a_name_is_text_whatever_it_looks_like(self):
        self.open()
        self.assertIn('width <b>matters</b> & how', self.browser.find_element(By.ID, 'claims').text)

    def test_figures_show_the_numbers_of_the_database(self):
        self.open()
        rows = self.means
        shown = self.browser.find_elements(By.CSS_SELECTOR, '#cells [aria-label=cells] tbody tr')
        self.assertEqual(len(shown), len(rows))
        names = [cell.text for cell in self.browser.find_elements(By.CSS_SELECTOR, '#cells thead th')]
        column = names.index('demo-accuracy')
        for row, expected in zip(shown, rows):
            text = row.find_elements(By.CSS_SELECTOR, 'td')[column].text
            self.assertAlmostEqual(float(text.split(' ')[0]), expected['mean'], delta=1e-3 * abs(expected['mean']) + 1e-9)

    def test_the_keyboard_does_it_all(self):
        self.open()
        first = self.browser.find_element(By.CSS_SELECTOR, '#cells tbody button')
        self.browser.execute_script('arguments[0].focus()', first)
        first.send_keys(Keys.ENTER)
        self.assertEqual(self.browser.execute_script('return document.activeElement.tagName'), 'H3')
        self.assertIn('ablate log', self.browser.find_element(By.CSS_SELECTOR, '.detail').text)
        other = Select(self.browser.find_element(By.CSS_SELECTOR, '.detail select'))
        other.select_by_index(1)
        self.assertIn('demo.width', self.browser.find_element(By.CSS_SELECTOR, '.detail').text)
        header = self.browser.find_elements(By.CSS_SELECTOR, '#cells thead button')[-2]
        header.send_keys(Keys.ENTER)
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, '#cells th[aria-sort=ascending]')), 1)
        level = self.browser.find_element(By.CSS_SELECTOR, '#levels select')
        level.send_keys(Keys.ARROW_DOWN)
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, '#cells [aria-label=cells] tbody tr')), 2)
        self.wait_until_drawn()

    def test_a_figure_is_saved_as_svg_and_as_png(self):
        self.open()
        for kind, begins in (('svg', b'<svg'), ('png', b'\x89PNG')):
            button = next(b for b in self.browser.find_elements(By.CSS_SELECTOR, '.figure-buttons button') if b.text == kind.upper())
            self.browser.execute_script('arguments[0].click()', button)
            until = time.time() + 20
            while time.time() < until and not list(self.downloads.glob(f'*.{kind}')):
                time.sleep(.1)
            saved = list(self.downloads.glob(f'*.{kind}'))
            self.assertEqual(len(saved), 1)
            self.assertTrue(saved[0].read_bytes().startswith(begins))
        self.no_errors()

    def test_a_phone_has_room_for_it(self):
        self.emulate(PHONE)
        self.open()
        self.picture('phone')
        wide = self.browser.execute_script('return [...document.querySelectorAll("main *, nav")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 &&'
                                           ' !e.closest(".wide, .chart, .cells-to-draw")).map(e => e.outerHTML.slice(0, 120))')
        self.assertEqual(wide, [])
        self.assertLessEqual(self.browser.execute_script('return document.documentElement.scrollWidth'), PHONE[0])
        self.no_figure_is_cut()
        self.assertEqual(self.browser.execute_script('return [...document.querySelectorAll("td")].filter(e => /^[-+\\d.]+(e[-+]?\\d+)?$/.test('
                                                     'e.textContent) && getComputedStyle(e).whiteSpace !== "nowrap").length'), 0)

    def no_figure_is_cut(self):
        self.assertEqual(self.browser.execute_script('return [...document.querySelectorAll(".chart")].filter(e => e.scrollWidth > e.clientWidth + 1 || '
                                                     'e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => '
                                                     'e.closest("figure").querySelector("figcaption").textContent)'), [])

    def test_dark_is_dark(self):
        self.emulate(scheme='dark')
        self.open()
        ground = self.browser.execute_script('return getComputedStyle(document.body).backgroundColor')
        self.assertLess(sum(int(part) for part in ground[4:-1].split(',')), 150)
        label = self.browser.execute_script('return document.querySelector(".chart svg text").getAttribute("fill")')
        self.assertGreater(int(label[1:3], 16), 120)
        self.picture('dark')

    def test_it_prints_all_of_itself(self):
        self.emulate(scheme='dark')
        self.open()
        printed = self.browser.execute_cdp_cmd('Page.printToPDF', {'printBackground': True})
        pdf = base64.b64decode(printed['data'])
        (self.folder / 'page.pdf').write_bytes(pdf)
        self.assertTrue(pdf.startswith(b'%PDF'))
        self.assertGreater(pdf.count(b'/Type /Page\n') + pdf.count(b'/Type /Page '), 1)
        # Drawn at the width of the screen, and put on paper of 190 mm.
        self.browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': 'print'})
        self.browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {'width': 718, 'height': 1000, 'deviceScaleFactor': 1, 'mobile': False})
        self.no_figure_is_cut()
        self.browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': ''})
        self.no_errors()

    def test_it_is_there_without_scripts_and_asks_for_nothing(self):
        text = (self.folder / 'page.html').read_text()
        before = text[:text.index('<script')]
        for words in ('What was asked', 'demo.resolution', 'demo-accuracy', 'Claims', 'ablate run'):
            self.assertIn(words, before)
        self.open()
        self.assertEqual(self.browser.execute_script('return performance.getEntriesByType("resource").length'), 0)

    def test_a_live_page_follows_the_sweep(self):
        server = subprocess.Popen([ARGUMENTS.ablate, 'serve', 'demo-page'], cwd=self.folder, stdout=subprocess.PIPE, text=True)
        try:
            address = server.stdout.readline().strip()
            plain = address.split('?')[0]
            self.refused(plain, 403)
            self.refused(plain + '?token=' + '0' * 32, 403)
            self.refused(address, 403, {'Host': 'example.org'})
            self.refused(address, 405, method='POST')
            self.refused(address.replace('demo-page', 'demo-pgae'), 404)
            self.refused(address.replace('/?', '/update?').replace('demo-page', 'demo-pgae'), 404)
            self.open(address)
            # In one step each: an update may come between finding an element and reading it.
            runs = lambda: self.browser.execute_script('return document.querySelector("#asked p").textContent')
            self.assertIn('12 runs', runs())
            Select(self.browser.find_element(By.CSS_SELECTOR, '#levels select')).select_by_index(2)
            self.write_sweep(3)
            self.ablate('run', self.sweep, '--quiet')
            WebDriverWait(self.browser, 30).until(lambda _: '18 runs' in runs())
            self.wait_until_drawn()
            chosen = self.browser.execute_script('return document.querySelector("#levels select").selectedOptions[0].textContent')
            self.assertEqual(chosen, '4')
            self.picture('live')
        finally:
            server.send_signal(2)
            self.assertEqual(server.wait(20), 0)
            server.stdout.close()
        WebDriverWait(self.browser, 30).until(lambda browser: 'does not answer' in browser.execute_script('return document.getElementById("live").textContent'))

    def refused(self, address, status, headers=None, method='GET'):
        with self.assertRaises(urllib.error.HTTPError) as answer:
            urllib.request.urlopen(urllib.request.Request(address, headers=headers or {}, method=method), timeout=20)
        self.assertEqual(answer.exception.code, status)
        answer.exception.close()


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('ablate', type=pathlib.Path)
    parser.add_argument('source', type=pathlib.Path)
    parser.add_argument('--keep', type=pathlib.Path)
    ARGUMENTS = parser.parse_args()
    ARGUMENTS.ablate, ARGUMENTS.source = ARGUMENTS.ablate.resolve(), ARGUMENTS.source.resolve()
    if webdriver is None or not CHROMIUM or not DRIVER:
        print('skipped: no Chromium with its driver and Selenium; expected Debian\'s chromium, chromium-driver and python3-selenium')
        sys.exit(0)
    unittest.main(argv=[sys.argv[0]])
