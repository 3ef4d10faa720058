// What moves on a report: choices, figures and the tables that are made of the runs. What stands still is in the page already.
'use strict';

(() => {
  const {text, isNumber, colourOf} = Charts;
  const {make, figure} = Figures;
  const root = document.getElementById('report');
  let report = JSON.parse(document.getElementById('report-data').textContent);
  const state = {score: 0, metric: 0, filters: {}, drawn: null, sort: {column: null, descending: false}, page: 0, open: null, pair: 0,
    logarithmic: false, reference: 0};
  const find = (selector, from = document) => from.querySelector(selector);
  const findAll = (selector, from = document) => [...from.querySelectorAll(selector)];

  const option = (value, label, selected) => make('option', {value, selected}, label);
  function choice(label, names, chosen, change) {
    const select = make('select', {'aria-label': label, onchange: event => change(Number(event.target.value))},
      ...names.map((name, index) => option(index, name, index === chosen)));
    return make('label', {}, `${label} `, select);
  }

  // ---- What the runs say ------------------------------------------------------------------------------------------------------------

  const axes = () => report.axes;
  const score = () => report.scores[state.score];
  const levelText = (axis, at) => at < 0 ? '-' : axes()[axis].levels[at];
  const cellName = cell => cell.label || axes().map((axis, index) => cell.at[index] < 0 ? null : `${axis.name} = ${levelText(index, cell.at[index])}`)
    .filter(part => part).join(', ') || 'the only cell';
  const runsOf = cell => report.runs_of_cell[cell];
  const valueOf = (run, name = state.score) => name < 0 ? null : report.runs.scores[name][run];

  function summary(values) {
    const known = values.filter(isNumber);
    if (!known.length) return null;
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return {mean, n: known.length, sd: known.length > 1 ? Math.sqrt(squares / (known.length - 1)) : null};
  }
  const cellSummary = (cell, name = state.score) => summary(runsOf(cell).map(run => valueOf(run, name)));
  const isShown = cell => Object.entries(state.filters).every(([axis, at]) => report.cells[cell].at[axis] === at);
  const shownCells = () => report.cells.map((_, index) => index).filter(isShown);

  function prepare() {
    report.runs_of_cell = report.cells.map(() => []);
    report.runs.cell.forEach((cell, run) => report.runs_of_cell[cell].push(run));
    state.score = Math.min(state.score, report.scores.length - 1);
    if (!state.drawn) {
      const ranked = report.cells.map((_, index) => [index, (report.scores.length ? cellSummary(index) : null)?.mean])
        .sort((a, b) => (isNumber(a[1]) && isNumber(b[1]) ? (score().lower ? a[1] - b[1] : b[1] - a[1]) : isNumber(b[1]) - isNumber(a[1])));
      state.drawn = new Set(ranked.slice(0, 6).map(entry => entry[0]));
    }
  }

  // Shows what `fill` puts into the place of a figure, or hides its section's part where it puts nothing.
  function fillPlace(name, fill) {
    for (const place of findAll(`[data-figure="${name}"]`)) {
      place.textContent = '';
      fill(place);
    }
  }
  const note = words => make('p', {class: 'note'}, words);

  function fillEffects() {
    const effects = score() && report.effects[score().name];
    fillPlace('shares', place => {
      if (!effects) return;
      for (const branch of [...effects.shares, ...effects.functional_shares]) {
        const where = branch.only_where_applies.length ? `, where ${branch.only_where_applies.join(' and ')} applies` : '';
        figure(place, `${score().name}: what matters${where}`, options => Charts.shares(branch, options));
      }
      if (!effects.changes.length) return;
      const terms = effects.changes.map(one => ({term: `${one.axis}: ${one.baseline} \u2192 ${one.level}`, share: one.share, share_limits: {}}));
      figure(place, `${score().name}: what each change weighs`, options => Charts.shares({terms}, {...options, title: 'share of the squared differences from the baseline'}));
    });
    fillPlace('differences', place => {
      if (!effects) return;
      const kMost = 90;
      let left = kMost, dropped = 0;
      const shown = effects.axes.map(axis => {
        const ranked = [...axis.differences].sort((a, b) => Math.abs(b.t ?? 0) - Math.abs(a.t ?? 0)).slice(0, Math.max(0, left));
        left -= ranked.length;
        dropped += axis.differences.length - ranked.length;
        return {...axis, differences: axis.differences.filter(one => ranked.includes(one))};
      });
      if (!shown.some(axis => axis.differences.length)) return;
      figure(place, `${score().name}: differences between levels`, options => Charts.differences(shown, options));
      place.append(note(`Green: the first of the two is better, red: worse, after Holm\u2019s correction; grey: undecided, or, without an interval, not to be tested.${dropped ? ` ${dropped} more differences are in the table.` : ''}`));
    });
  }

  // Values by the levels of two axes, over the settings (other axes and seed) that all combinations have.
  function interactionPoints(x, line) {
    const settings = new Map();
    report.cells.forEach((cell, index) => {
      if (cell.label || cell.at[x] < 0 || cell.at[line] < 0 || !isShown(index)) return;
      const others = cell.at.filter((_, axis) => axis !== x && axis !== line).join(',');
      for (const run of runsOf(index))
        if (isNumber(valueOf(run))) {
          const key = `${others};${report.runs.seed[run]}`;
          if (!settings.has(key)) settings.set(key, {seed: report.runs.seed[run], values: new Map()});
          settings.get(key).values.set(`${cell.at[x]},${cell.at[line]}`, valueOf(run));
        }
    });
    const combinations = new Set([...settings.values()].flatMap(setting => [...setting.values.keys()]));
    const whole = [...settings.values()].filter(setting => setting.values.size === combinations.size);
    const points = [];
    for (const combination of combinations) {
      const [at, of] = combination.split(',').map(Number);
      const place = {x: levelText(x, at), line: levelText(line, of)};
      const bySeed = new Map();
      for (const setting of whole) {
        if (!bySeed.has(setting.seed)) bySeed.set(setting.seed, []);
        bySeed.get(setting.seed).push(setting.values.get(combination));
      }
      for (const [seed, values] of bySeed) {
        const value = summary(values).mean;
        if (bySeed.size > 1) points.push({...place, seed, value, note: `seed ${seed}: ${text(value)}`});
      }
      const all = summary(whole.map(setting => setting.values.get(combination)));
      if (all) points.push({...place, seed: null, value: all.mean, note: `${axes()[x].name} = ${place.x}, ${axes()[line].name} = ${place.line}\n${text(all.mean)}, mean of ${all.n}`});
    }
    return {points, used: whole.length, of: settings.size, combinations: combinations.size};
  }

  function fillInteractions() {
    fillPlace('interactions', place => {
      const effects = score() && report.effects[score().name];
      const pairs = effects ? effects.interactions.filter(pair => pair.axes.every(name => axes().some(axis => axis.name === name)))
        .sort((a, b) => (a.p ?? 2) - (b.p ?? 2) || (b.ss ?? 0) - (a.ss ?? 0)) : [];
      if (!pairs.length) return void place.append(note('No two axes were crossed, so that no interaction can be seen.'));
      state.pair = Math.min(state.pair, pairs.length - 1);
      const words = pair => `${pair.axes.join(' \u00d7 ')}: ${isNumber(pair.p) ? `F = ${text(pair.f)}, p = ${pair.p < .0005 ? '< 0.001' : pair.p.toFixed(3)}` : 'no test'}`;
      place.append(make('div', {class: 'controls'}, choice('axes', pairs.map(words), state.pair, index => { state.pair = index; fillInteractions(); })));
      const [x, line] = pairs[state.pair].axes.map(name => axes().findIndex(axis => axis.name === name));
      const found = interactionPoints(x, line);
      if (!found.used) return void place.append(note('No setting of the other axes and seeds has a score at every combination of these two: means over unlike settings are not shown.'));
      figure(place, `${score().name} by ${axes()[x].name} and ${axes()[line].name}`, options => Charts.interaction({x: axes()[x].name, line: axes()[line].name,
        xLevels: axes()[x].levels, lines: axes()[line].levels, points: found.points, score: score().name}, options), found.points.length);
      place.append(note(`Lines are means over ${found.used} of ${found.of} settings of other axes and seeds: those that all ${found.combinations} combinations have. Rings are seeds. Parallel lines: no interaction.`));
    });
  }

  // 1e-4 does not break after its hyphen.
  const numberClass = value => typeof value === 'string' && /^[-+\d.]+(e[-+]?\d+)?$/.test(value) ? 'number' : null;

  // One curve a cell: steps that all of its seeds have. Runs that diverged count where a cell has no others.
  function cellCurve(cell, metric) {
    const having = runs => [...new Set(runs.flatMap(run => report.runs.jobs[run]).filter(job => metric.curves[job]))];
    const well = having(runsOf(cell).filter(run => report.runs.state[run] !== 'diverged'));
    const jobs = well.length ? well : having(runsOf(cell));
    const left = having(runsOf(cell)).length - well.length;
    const curves = jobs.map(job => new Map(metric.curves[job][0].map((step, index) => [step, metric.curves[job][1][index]])));
    if (!curves.length) return null;
    const points = [];
    for (const step of curves[0].keys()) {
      const values = curves.map(curve => curve.get(step));
      if (!values.every(isNumber)) continue;
      points.push({step, mean: summary(values).mean, low: Math.min(...values), high: Math.max(...values)});
    }
    return {points: points.sort((a, b) => a.step - b.step), seeds: jobs.length, diverged: left > 0 && !well.length, leftOut: well.length ? left : 0};
  }

  function fillCurves() {
    fillPlace('curves', place => {
      if (!report.curves.length) return void place.append(note('No learning curve was recorded.'));
      state.metric = Math.min(state.metric, report.curves.length - 1);
      const metric = report.curves[state.metric];
      const cells = shownCells();
      const colours = new Map([...state.drawn].filter(cell => cells.includes(cell)).map((cell, index) => [cell, colourOf(index)]));
      const draw = change => { change(); fillCurves(); };
      place.append(make('div', {class: 'controls'}, choice('metric', report.curves.map(one => one.name), state.metric, index => draw(() => { state.metric = index; })),
        make('label', {}, make('input', {type: 'checkbox', checked: state.logarithmic, onchange: event => draw(() => { state.logarithmic = event.target.checked; })}), 'logarithmic'),
        make('button', {type: 'button', onclick: () => draw(() => { state.drawn = new Set(cells.slice(0, 30)); })}, cells.length > 30 ? 'first 30' : 'all'),
        make('button', {type: 'button', onclick: () => draw(() => state.drawn.clear())}, 'none')));
      const kListed = 200;
      const listed = [...new Set([...colours.keys(), ...cells])].slice(0, kListed).sort((a, b) => a - b);
      place.append(make('div', {class: 'cells-to-draw', role: 'group', 'aria-label': 'cells to draw', tabindex: 0}, ...listed.map(cell => make('label', {},
        make('input', {type: 'checkbox', checked: colours.has(cell), onchange: event => draw(() => event.target.checked ? state.drawn.add(cell) : state.drawn.delete(cell))}),
        make('i', {style: `background:${colours.get(cell) || 'transparent'}`}), cellName(report.cells[cell])))));
      if (cells.length > kListed) place.append(note(`${listed.length} of ${cells.length} cells are listed; choose levels above to see others.`));
      const drawn = [...colours].map(([cell, colour]) => ({label: cellName(report.cells[cell]), colour, ...cellCurve(cell, metric)})).map(cell => cell.diverged ? {...cell, label: `${cell.label} (diverged)`} : cell).filter(cell => cell.points && cell.points.length);
      if (!drawn.length) return void place.append(note('None of the chosen cells has this curve.'));
      const shared = new Set(drawn.map(cell => JSON.stringify(cell.points))).size < drawn.length;
      figure(place, `${metric.name} by step`, options => Charts.curves(drawn, {...options, metric: metric.name, logarithmic: state.logarithmic}),
        drawn.reduce((sum, cell) => sum + cell.points.length, 0));
      const leftOut = drawn.reduce((sum, cell) => sum + cell.leftOut, 0);
      if (leftOut) place.append(note(`${leftOut} ${leftOut === 1 ? 'curve' : 'curves'} of runs that diverged ${leftOut === 1 ? 'is' : 'are'} left out of the means of cells that have others.`));
      place.append(note(`Lines are means over seeds at steps that all seeds of a cell have; bands reach from the lowest to the highest seed.${metric.thinned ? ' Curves are thinned: each point is a recorded one.' : ''}${shared ? ' Cells that share a trained stage have the same curve.' : ''}`));
    });
  }

  function fillCost() {
    fillPlace('cost', place => {
      const known = score() && report.cost[score().name];
      if (!known || !known.cells.length) return void place.append(note('No cell has both a score and a known cost.'));
      const cells = known.cells.map(cell => ({cost: cell.cost, score: cell.score, front: cell.on_front, near: cell.may_be_on_front,
        note: `${Object.entries(cell.levels).map(level => level.join(' = ')).join(', ') || 'the only cell'}\n${score().name} ${text(cell.score)}, ${text(cell.cost)} ${known.unit}${isNumber(cell.seconds) ? `, ${text(cell.seconds)} s` : ''}\n${cell.on_front ? 'on the front' : `behind by ${text(cell.behind)}${isNumber(cell.half_width) ? ` \u00b1 ${text(cell.half_width)}` : ''}${cell.may_be_on_front ? ': may belong to the front' : ''}`}`}));
      figure(place, `${score().name} against cost`, options => Charts.cost(cells, {...options, score: score().name, costTitle: known.unit, lowerIsBetter: score().lower}), cells.length);
      place.append(note('Filled: no cell is as good and as cheap. Green ring: behind the front by less than the 95 % interval of that difference.'));
    });
  }

  const kMostListed = 12;  // Levels of numbers that stand one by one; more are a scale.
  function fillParallel() {
    fillPlace('parallel', place => {
      const columns = axes().map((axis, index) => ({name: axis.name, levels: axis.levels, index})).filter(column => column.levels.length > 1);
      if (!columns.length || !score()) return;
      const numbers = new Map(columns.filter(column => column.levels.length > kMostListed && column.levels.every(level => level.trim() !== '' && isFinite(Number(level))))
        .map(column => [column.name, column.levels.map(Number)]));
      const withNone = columns.map(column => ({...column, levels: shownCells().some(cell => report.cells[cell].at[column.index] < 0) ? [...column.levels, '-'] : column.levels}));
      const cells = shownCells().filter(cell => !report.cells[cell].label).map(cell => ({cell, found: cellSummary(cell)})).filter(entry => entry.found).map(({cell, found}) => ({
        at: columns.map((column, index) => report.cells[cell].at[column.index] < 0 ? withNone[index].levels.length - 1 : report.cells[cell].at[column.index]), score: found.mean,
        note: `${cellName(report.cells[cell])}\n${score().name} ${text(found.mean)} over ${found.n} ${found.n === 1 ? 'seed' : 'seeds'}`}));
      if (!cells.length) return void place.append(note('No cell has this score yet.'));
      figure(place, `Cells by their levels and ${score().name}`, options => Charts.parallel({columns: withNone.map(column => ({...column, numbers: numbers.get(column.name)})), cells, score: score().name}, options), cells.length * columns.length);
    });
  }

  // ---- Tables of cells and runs -------------------------------------------------------------------------------------------------------

  function fillFilters() {
    fillPlace('filters', place => {
      if (!axes().length) return;
      place.append(make('div', {class: 'controls', role: 'group', 'aria-label': 'levels to show'}, ...axes().map((axis, index) => choice(axis.name, ['any', ...axis.levels],
        state.filters[index] === undefined ? 0 : state.filters[index] + 1, at => {
          if (at === 0) delete state.filters[index]; else state.filters[index] = at - 1;
          state.page = 0;
          fillCells(); fillCurves(); fillParallel(); fillInteractions();
        }))));
    });
  }

  const kRows = 50;
  function fillCells() {
    fillPlace('cells', place => {
      const columns = [{name: 'cell', of: cell => report.cells[cell].number, right: true},
        ...(report.cells.some(cell => cell.label) ? [{name: 'label', of: cell => report.cells[cell].label}] : []),
        ...axes().map((axis, index) => ({name: axis.name, of: cell => report.cells[cell].at[index], show: cell => levelText(index, report.cells[cell].at[index])})),
        ...report.scores.map((one, index) => ({name: one.name, right: true, of: cell => cellSummary(cell, index)?.mean ?? null, show: cell => {
          const found = cellSummary(cell, index);
          return !found ? '-' : `${text(found.mean)}${found.sd === null ? '' : ` \u00b1 ${text(Number(found.sd.toPrecision(2)))}`}${found.n < runsOf(cell).length ? ` (${found.n} of ${runsOf(cell).length})` : ''}`;
        }})),
        {name: 'runs', of: cell => stateOf(cell)}];
      const cells = shownCells();
      if (state.sort.column !== null && columns[state.sort.column]) {
        const {of} = columns[state.sort.column], sign = state.sort.descending ? -1 : 1;
        const keys = new Map(cells.map(cell => [cell, of(cell)]));
        cells.sort((a, b) => {
          const [x, y] = [keys.get(a), keys.get(b)];
          if (x === null || y === null) return (x === null) - (y === null);
          return sign * (typeof x === 'number' ? x - y : String(x).localeCompare(String(y)));
        });
      }
      const pages = Math.max(1, Math.ceil(cells.length / kRows));
      state.page = Math.min(state.page, pages - 1);
      const head = make('tr', {}, ...columns.map((column, index) => make('th', {class: column.right ? 'right' : null, scope: 'col',
        'aria-sort': state.sort.column === index ? (state.sort.descending ? 'descending' : 'ascending') : null}, make('button', {type: 'button', onclick: () => {
          state.sort = {column: index, descending: state.sort.column === index && !state.sort.descending};
          fillCells();
        }}, column.name))));
      const shown = (column, cell) => String(column.show ? column.show(cell) : column.of(cell) ?? '');
      const rows = cells.slice(state.page * kRows, (state.page + 1) * kRows).map(cell => make('tr', {}, ...columns.map((column, index) => make('td', {class: column.right ? 'right' : numberClass(shown(column, cell))},
        index === 0 ? make('button', {type: 'button', class: 'link', 'aria-label': `runs of cell ${report.cells[cell].number}`, onclick: () => { state.open = cell; fillDetail(true); }}, String(report.cells[cell].number))
          : shown(column, cell)))));
      place.append(make('div', {class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'cells'}, make('table', {}, make('thead', {}, head), make('tbody', {}, ...rows))));
      const turn = (label, by) => make('button', {type: 'button', disabled: state.page + by < 0 || state.page + by >= pages, onclick: () => { state.page += by; fillCells(); }}, label);
      if (pages > 1) place.append(make('div', {class: 'controls'}, turn('before', -1), `${state.page * kRows + 1} to ${Math.min(cells.length, (state.page + 1) * kRows)} of ${cells.length}`, turn('next', 1)));
      place.append(note('Mean \u00b1 standard deviation over seeds; a number opens the runs of a cell. Where cells lack seeds, their means are over other seeds: effects and claims take that into account.'));
    });
    fillDetail(false);
  }

  function stateOf(cell) {
    const counts = new Map();
    for (const run of runsOf(cell)) counts.set(report.runs.state[run], (counts.get(report.runs.state[run]) || 0) + 1);
    return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
  }

  // The recipe of a cell's first run: keys that differ between any two of the sweep's jobs, by stage.
  function recipe(cell) {
    const keys = new Map();
    for (const job of report.runs.jobs[runsOf(cell)[0]])
      for (const part of report.jobs.parts[job])
        for (const [key, value] of Object.entries(report.parts[part] || {})) {
          const place = JSON.stringify([key, value]);
          if (!keys.has(place)) keys.set(place, {key, value, stages: []});
          if (!keys.get(place).stages.includes(report.jobs.stage[job])) keys.get(place).stages.push(report.jobs.stage[job]);
        }
    return keys;
  }

  function recipeTable(cell, other) {
    const mine = recipe(cell), theirs = recipe(other), rows = [];
    const show = value => value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value);
    for (const [place, one] of mine)
      if (!theirs.has(place)) {
        const match = [...theirs.values()].find(another => another.key === one.key && !mine.has(JSON.stringify([another.key, another.value])));
        rows.push([one.key, show(one.value), show(match?.value), one.stages.join(', ')]);
      }
    for (const [place, one] of theirs)
      if (!mine.has(place) && !rows.some(row => row[0] === one.key)) rows.push([one.key, '-', show(one.value), one.stages.join(', ')]);
    if (!rows.length) return note(report.imported ? 'An imported sweep has no recipes: only levels are known.' : 'Their recipes do not differ.');
    return make('div', {class: 'wide', tabindex: 0}, make('table', {}, make('thead', {}, make('tr', {}, ...['key', 'here', `cell ${report.cells[other].number}`, 'stages'].map(name => make('th', {scope: 'col'}, name)))),
      make('tbody', {}, ...rows.sort((a, b) => a[0] < b[0] ? -1 : 1).map(row => make('tr', {}, ...row.map(value => make('td', {class: numberClass(value)}, value)))))));
  }

  function fillDetail(move) {
    fillPlace('detail', place => {
      if (state.open === null || !report.cells[state.open]) return;
      const cell = state.open;
      state.reference = Math.min(state.reference, report.cells.length - 1);
      const columns = ['seed', 'state', ...report.scores.map(one => one.name), 'FLOPs', 'seconds', 'jobs'];
      const rows = runsOf(cell).map(run => [report.runs.seed[run], report.runs.state[run], ...report.scores.map((_, index) => isNumber(valueOf(run, index)) ? text(valueOf(run, index)) : '-'),
        isNumber(report.runs.cost[run]) ? text(report.runs.cost[run]) : '-', isNumber(report.runs.seconds[run]) ? text(report.runs.seconds[run]) : '-',
        report.runs.jobs[run].map(job => `${report.jobs.stage[job]} ${report.jobs.key[job]}`).join(', ')]);
      const heading = make('h3', {tabindex: -1}, `Cell ${report.cells[cell].number}: ${cellName(report.cells[cell])}`);
      place.append(make('div', {class: 'detail'}, heading,
        make('div', {class: 'wide', tabindex: 0}, make('table', {}, make('thead', {}, make('tr', {}, ...columns.map(name => make('th', {scope: 'col'}, name)))),
          make('tbody', {}, ...rows.map(row => make('tr', {}, ...row.map((value, index) => make('td', {class: index === 1 && value === 'failed' ? 'failed' : numberClass(value)}, value))))))),
        report.imported ? '' : note('`ablate log JOB` shows what a job printed, `ablate jobs` where it ran.'),
        make('h3', {}, 'How its recipe differs'), choice('from cell', report.cells.slice(0, 500).map(one => `${one.number}: ${cellName(one)}`), state.reference, index => { state.reference = index; fillDetail(false); }),
        recipeTable(cell, state.reference), make('button', {type: 'button', onclick: () => { state.open = null; fillDetail(false); }}, 'close')));
      if (move) { heading.scrollIntoView({block: 'nearest'}); heading.focus({preventScroll: true}); }
    });
  }

  // ---- The whole -----------------------------------------------------------------------------------------------------------------------

  function showScore() {
    for (const element of findAll('[data-score]')) element.hidden = !!score() && element.dataset.score !== score().name;
    fillEffects(); fillInteractions(); fillCost(); fillParallel();
  }
  function fillNavigation() {
    const place = find('#score-choice');
    place.textContent = '';
    if (report.scores.length > 1) place.append(choice('score', report.scores.map(one => one.name), state.score, index => { state.score = index; showScore(); }));
  }
  function fillAll() {
    prepare(); fillNavigation(); fillFilters(); fillCells(); fillCurves(); showScore();
  }

  // A live page asks for what has changed, and keeps what was chosen.
  async function follow() {
    const place = find('#live');
    let seen = root.dataset.version;
    const still = new Map();
    for (;;) {
      await new Promise(wake => setTimeout(wake, document.hidden ? 10000 : 2000));
      try {
        const answer = await fetch(`${root.dataset.update}&seen=${encodeURIComponent(seen)}`, {cache: 'no-store'});
        if (answer.status === 204) { place.textContent = 'live: nothing new'; continue; }
        if (!answer.ok) { place.textContent = `live: ${await answer.text()}`; continue; }
        const update = await answer.json();
        seen = update.version;
        report = update.data;
        for (const [id, html] of Object.entries(update.sections)) {
          const section = document.getElementById(id);
          if (section && still.get(id) !== html) {
            find('.content', section).innerHTML = html;
            still.set(id, html);
          }
        }
        const left = scrollY;
        fillAll();
        scrollTo(scrollX, left);
        place.textContent = `live: as of ${new Date().toLocaleTimeString()}`;
      } catch (error) {
        place.textContent = 'live: `ablate serve` does not answer any more; this is its last word';
      }
    }
  }

  addEventListener('error', event => { root.dataset.error = event.message; });
  addEventListener('unhandledrejection', event => { root.dataset.error = String(event.reason); });
  fillAll();
  root.dataset.ready = '';
  if (root.dataset.update) follow();
})();
