// A figure in its place on the page: drawn when its turn comes, drawn again when the page changes, saved as a file.
'use strict';

const Figures = (() => {
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes))
      if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, '');
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  let printing = false;  // On paper it is never dark.
  function theme() {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(['ink', 'soft', 'line', 'ground', 'raised', 'accent', 'good', 'bad', 'open'].map(name => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  const tooltip = make('div', {class: 'tooltip', role: 'status', hidden: true});
  function showTooltip(handler, event, item, value) {
    tooltip.hidden = value === null || value === undefined || value === '';
    if (tooltip.hidden) return;
    tooltip.textContent = String(value);
    const box = tooltip.getBoundingClientRect();
    tooltip.style.left = `${Math.min(event.clientX + 14, innerWidth - box.width - 6)}px`;
    tooltip.style.top = `${event.clientY + 16 + box.height > innerHeight ? event.clientY - box.height - 8 : event.clientY + 16}px`;
  }

  function save(name, url) {
    make('a', {href: url, download: name}).click();
  }
  // A file is what is printed on paper, whatever the screen looks like.
  async function download(name, kind, makeSpec) {
    const spec = makeSpec({theme: kPaper, width: 720});
    const view = new vega.View(vega.parse({...spec, background: '#fff'}, null, {ast: true}), {expr: vega.expressionInterpreter, renderer: 'none'});
    await view.runAsync();
    save(`${name}.${kind}`, kind === 'png' ? await view.toImageURL('png', 2) : `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await view.toSVG())}`);
    view.finalize();
  }
  const kPaper = {ink: '#1d2430', soft: '#5b6675', line: '#d7dde5', ground: '#fff', raised: '#f5f7fa', accent: '#2f6db5', good: '#20794a', bad: '#b3372f', open: '#8a6a00'};

  const kSvgMarks = 1500;  // Of more, a canvas is quicker.
  const views = new Map();
  // Shows a figure in a place of the page: `makeSpec` takes {theme, width, description}.
  function figure(place, title, makeSpec, marks = 0) {
    const plot = make('div', {class: 'chart', tabindex: 0, role: 'img', 'aria-label': title});
    const name = title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
    const spec = options => makeSpec({...options, description: title});
    place.append(make('figure', {class: 'figure'}, make('figcaption', {}, title), plot, make('div', {class: 'figure-buttons'},
      ...['svg', 'png'].map(kind => make('button', {type: 'button', 'aria-label': `${title} as ${kind.toUpperCase()}`, onclick: () => download(name, kind, spec)}, kind.toUpperCase())))));
    draw(plot, spec, marks);
  }
  // Figures are drawn one after the other, those in sight first, so that the page answers while thousands of marks are laid out.
  let waiting = [];
  function draw(plot, makeSpec, marks) {
    plot.removeAttribute('data-drawn');
    views.get(plot)?.view?.finalize();
    views.set(plot, {makeSpec, marks, width: plot.clientWidth});
    if (!waiting.length) setTimeout(drawNext);
    waiting.push(plot);
  }
  function drawNext() {
    waiting = waiting.filter(plot => plot.isConnected);
    const near = plot => Math.abs(plot.getBoundingClientRect().top - innerHeight / 3);
    waiting.sort((a, b) => near(a) - near(b));
    const plot = waiting.shift();
    if (!plot) return;
    drawNow(plot);
    if (waiting.length) setTimeout(drawNext);
  }
  function drawNow(plot) {
    const figure = views.get(plot);
    plot.textContent = '';
    const width = Math.max(220, Math.min(plot.clientWidth || 720, 1100));
    figure.width = plot.clientWidth;
    figure.view = new vega.View(vega.parse(figure.makeSpec({theme: printing ? kPaper : theme(), width}), null, {ast: true}), {expr: vega.expressionInterpreter,
      renderer: figure.marks > kSvgMarks ? 'canvas' : 'svg', container: plot, hover: true, tooltip: showTooltip, logLevel: vega.Warn});
    figure.view.run();
    plot.setAttribute('data-drawn', '');
  }
  function redraw(all) {
    for (const [plot, {view, makeSpec, marks, width}] of views)
      if (!plot.isConnected) {
        view?.finalize();
        views.delete(plot);
      } else if (all || Math.abs(plot.clientWidth - width) > 4) {
        draw(plot, makeSpec, marks);
      }
  }

  document.body.append(tooltip);
  let resized = 0;
  addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(() => redraw(false), 150); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redraw(true));
  for (const moment of ['beforeprint', 'afterprint'])
    addEventListener(moment, () => {
      printing = moment === 'beforeprint';
      redraw(true);
      while (waiting.length) drawNext();
    });

  return {make, figure};
})();
