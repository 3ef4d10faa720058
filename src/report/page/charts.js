// Every figure of a report as a Vega specification: pure functions of plain data, a width in pixels and a theme.
'use strict';

const vega = Object.assign({}, ...Object.values(vegaModules));
Object.assign(vega.transforms, vegaModules['vega-transforms'], vegaModules['vega-view-transforms'], vegaModules['vega-encode']);

const Charts = (() => {
  const kPalette = ['#4c78a8', '#f58518', '#54a24b', '#e45756', '#72b7b2', '#b279a2', '#d6a400', '#9d755d', '#8c8c8c', '#2a9d8f'];
  const colourOf = index => kPalette[index % kPalette.length];
  const isNumber = value => typeof value === 'number' && Number.isFinite(value);

  // Four significant digits; powers of ten beyond what fits.
  function text(value) {
    if (!isNumber(value)) return 'not known';
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(2).replace('e+', 'e');
    return String(Number(value.toPrecision(4)));
  }
  const signed = value => (value > 0 ? '+' : '') + text(value);
  const percent = value => isNumber(value) ? (100 * value).toFixed(1) + ' %' : 'not known';
  const interval = (low, high, write) => isNumber(low) && isNumber(high) ? `[${write(low)}, ${write(high)}]` : 'no interval';

  function base(theme, width, height, description) {
    const axis = {labelColor: theme.soft, titleColor: theme.ink, tickColor: theme.line, domainColor: theme.line, gridColor: theme.line,
      gridOpacity: .6, labelFont: 'system-ui, sans-serif', titleFont: 'system-ui, sans-serif', titleFontWeight: 'normal', labelFontSize: 11,
      titleFontSize: 12};
    return {width, height, padding: 4, autosize: {type: 'fit-x', contains: 'padding'}, background: null, description,
      config: {axis, legend: {labelColor: theme.ink, titleColor: theme.ink, labelFont: 'system-ui, sans-serif', titleFont: 'system-ui, sans-serif',
        titleFontWeight: 'normal', labelLimit: 260}, text: {font: 'system-ui, sans-serif', fill: theme.ink}}};
  }

  // Horizontal rows of estimates with intervals, grouped under headings: [{group, label, estimate, low, high, colour, note}].
  function rows(items, {theme, width, description, title, zero, bars, write}) {
    const data = [];
    let group = null;
    items.forEach((item, index) => {
      if (item.group !== group && item.group) data.push({key: `g${index}`, label: item.group, heading: true});
      group = item.group;
      data.push({...item, key: `r${index}`, heading: false});
    });
    const ends = items.flatMap(item => [item.estimate, item.low, item.high]).filter(isNumber);
    if (zero) ends.push(0);
    const labelWidth = Math.max(90, Math.min(300, Math.round(width * .38)));
    const spec = base(theme, width, {signal: `${data.length} * 19`}, description);
    spec.signals = [{name: 'height', update: `${data.length} * 19`}];
    delete spec.height;
    spec.data = [{name: 'rows', values: data}];
    spec.scales = [
      {name: 'y', type: 'band', domain: data.map(row => row.key), range: 'height', padding: .25},
      {name: 'label', type: 'ordinal', domain: data.map(row => row.key), range: data.map(row => row.label)},
      {name: 'x', type: 'linear', domain: ends.length ? [Math.min(...ends), Math.max(...ends)] : [0, 1], range: 'width', nice: true, zero: !!zero}];
    spec.axes = [
      {orient: 'bottom', scale: 'x', grid: true, title, tickCount: Math.max(3, Math.round(width / 130)), ...(bars ? {format: '.0%'} : {})},
      {orient: 'left', scale: 'y', ticks: false, domain: false, labelLimit: labelWidth, encode: {labels: {update: {
        text: {signal: "scale('label', datum.value)"},
        fontWeight: {signal: "substring(datum.value, 0, 1) === 'g' ? 'bold' : 'normal'"}, fill: {value: theme.ink}}}}}];
    const known = field => ({signal: `isValid(datum.${field})`});
    spec.marks = [
      {type: 'rule', encode: {enter: {x: {scale: 'x', value: 0}, y: {value: 0}, y2: {field: {group: 'height'}},
        stroke: {value: theme.soft}, opacity: {value: zero ? 1 : 0}}}}];
    if (bars)
      spec.marks.push({type: 'rect', from: {data: 'rows'}, encode: {enter: {x: {scale: 'x', value: 0},
        x2: {scale: 'x', signal: 'isValid(datum.estimate) ? datum.estimate : 0'}, y: {scale: 'y', field: 'key'}, height: {scale: 'y', band: 1},
        fill: {field: 'colour'}, fillOpacity: {value: .75}, tooltip: {field: 'note'}, opacity: known('estimate')}}});
    spec.marks.push(
      {type: 'rule', from: {data: 'rows'}, encode: {enter: {x: {scale: 'x', signal: 'isValid(datum.low) ? datum.low : datum.estimate'},
        x2: {scale: 'x', signal: 'isValid(datum.high) ? datum.high : datum.estimate'}, y: {scale: 'y', field: 'key', band: .5},
        stroke: bars ? {value: theme.ink} : {field: 'colour'}, strokeWidth: {value: bars ? 1.2 : 2}, tooltip: {field: 'note'},
        opacity: {signal: 'isValid(datum.low) && isValid(datum.high) ? 1 : 0'}}}});
    if (!bars)
      spec.marks.push({type: 'symbol', from: {data: 'rows'}, encode: {enter: {x: {scale: 'x', signal: 'isValid(datum.estimate) ? datum.estimate : 0'},
        y: {scale: 'y', field: 'key', band: .5}, size: {value: 55}, fill: {field: 'colour'}, tooltip: {field: 'note'},
        opacity: {signal: 'isValid(datum.estimate) ? 1 : 0'}}}});
    return spec;
  }

  // Shares of variance of one branch, the largest first; what the data cannot tell apart as bars of their own.
  function shares(branch, options) {
    const items = branch.terms.map(term => ({label: term.term, estimate: term.share, low: term.share_limits.low, high: term.share_limits.high,
      colour: kPalette[0], note: `${term.term}\n${percent(term.share)} ${interval(term.share_limits.low, term.share_limits.high, percent)}`}));
    items.sort((a, b) => (isNumber(b.estimate) ? b.estimate : -2) - (isNumber(a.estimate) ? a.estimate : -2));
    if (Math.abs(branch.overlap ?? 0) > .0005)
      items.push({label: 'several axes, not told apart', estimate: branch.overlap, colour: kPalette[8], note: percent(branch.overlap)});
    if (branch.unexplained !== undefined)
      items.push({label: 'noise, and what is in no row', estimate: branch.unexplained, colour: kPalette[8], note: percent(branch.unexplained)});
    return rows(items, {title: `share of the variance${branch.overlap === undefined ? '' : ' within seeds'}, with 95 % interval`, ...options, zero: true, bars: true});
  }

  const kVerdictColours = {better: 'good', worse: 'bad', equal: 'accent'};
  // Differences between the levels of all axes.
  function differences(axes, options) {
    const items = axes.flatMap(axis => axis.differences.map(one => ({group: axis.axis, label: `${one.a} \u2212 ${one.b}`, estimate: one.estimate,
      low: one.low, high: one.high, colour: options.theme[kVerdictColours[one.verdict]] || options.theme.soft,
      note: `${axis.axis}: ${one.a} \u2212 ${one.b}\n${signed(one.estimate)} ${interval(one.low, one.high, signed)}\n${one.verdict}`})));
    return rows(items, {...options, title: 'difference of the score, with 95 % interval', zero: true});
  }

  // Means of the levels of one axis at each level of another, over what all combinations have; dots are seeds.
  function interaction({x, xLevels, line, lines, points, score}, {theme, width, description}) {
    const spec = base(theme, width, 260, description);
    const means = points.filter(point => point.seed === null), seeds = points.filter(point => point.seed !== null);
    spec.data = [{name: 'means', values: means}, {name: 'seeds', values: seeds}];
    spec.scales = [
      {name: 'x', type: 'point', domain: xLevels, range: 'width', padding: .5},
      {name: 'y', type: 'linear', domain: {fields: [{data: 'means', field: 'value'}, {data: 'seeds', field: 'value'}]}, range: 'height', nice: true, zero: false},
      {name: 'colour', type: 'ordinal', domain: lines, range: lines.map((_, index) => colourOf(index))}];
    spec.axes = [{orient: 'bottom', scale: 'x', title: x, labelLimit: 110}, {orient: 'left', scale: 'y', grid: true, title: score, titleLimit: 240}];
    spec.legends = [{stroke: 'colour', symbolType: 'stroke', title: line, orient: 'top', columns: Math.max(1, Math.floor(width / 150))}];
    const place = {x: {scale: 'x', field: 'x'}, y: {scale: 'y', field: 'value'}};
    spec.marks = [
      {type: 'group', from: {facet: {name: 'of_line', data: 'means', groupby: 'line'}}, marks: [
        {type: 'line', from: {data: 'of_line'}, encode: {enter: {...place, stroke: {scale: 'colour', field: 'line'}, strokeWidth: {value: 2}}}},
        {type: 'symbol', from: {data: 'of_line'}, encode: {enter: {...place, fill: {scale: 'colour', field: 'line'}, size: {value: 60}, tooltip: {field: 'note'}}}}]},
      {type: 'symbol', from: {data: 'seeds'}, encode: {enter: {...place, stroke: {scale: 'colour', field: 'line'}, size: {value: 22},
        opacity: {value: .55}, tooltip: {field: 'note'}}}}];
    return spec;
  }

  // Learning curves: [{label, colour, points: [{step, mean, low, high}]}]; bands reach from the lowest to the highest seed.
  function curves(cells, {theme, width, description, metric, logarithmic}) {
    const spec = base(theme, width, 320, description);
    const usable = value => isNumber(value) && (!logarithmic || value > 0);
    const points = cells.flatMap((cell, index) => cell.points.filter(point => usable(point.mean) && usable(point.low))
      .map(point => ({...point, cell: index, note: `${cell.label}\nstep ${point.step}: ${text(point.mean)}${cell.seeds > 1 ? ` (${text(point.low)} to ${text(point.high)} over ${cell.seeds} seeds)` : ''}`})));
    const kNotes = 25;  // Places of a curve at which the pointer learns something.
    spec.data = [{name: 'points', values: points},
      {name: 'noted', values: points.filter((_, index) => index % Math.max(1, Math.round(points.length / (kNotes * cells.length))) === 0)}];
    spec.scales = [
      {name: 'x', type: 'linear', domain: {data: 'points', field: 'step'}, range: 'width', zero: false},
      {name: 'y', type: logarithmic ? 'log' : 'linear', domain: {fields: [{data: 'points', field: 'low'}, {data: 'points', field: 'high'}]}, range: 'height',
        zero: false, nice: true},
      {name: 'colour', type: 'ordinal', domain: cells.map((_, index) => index), range: cells.map(cell => cell.colour)}];
    spec.axes = [{orient: 'bottom', scale: 'x', title: 'step', tickCount: Math.max(3, Math.round(width / 110))},
      {orient: 'left', scale: 'y', grid: true, title: metric, tickCount: 6}];
    const x = {scale: 'x', field: 'step'};
    spec.marks = [{type: 'group', from: {facet: {name: 'of_cell', data: 'points', groupby: 'cell'}}, marks: [
      {type: 'area', from: {data: 'of_cell'}, encode: {enter: {x, y: {scale: 'y', field: 'low'}, y2: {scale: 'y', field: 'high'},
        fill: {scale: 'colour', field: 'cell'}, fillOpacity: {value: .18}}}},
      {type: 'line', from: {data: 'of_cell'}, encode: {enter: {x, y: {scale: 'y', field: 'mean'}, stroke: {scale: 'colour', field: 'cell'},
        strokeWidth: {value: 1.6}}}}]},
      {type: 'symbol', from: {data: 'noted'}, encode: {enter: {x, y: {scale: 'y', field: 'mean'}, size: {value: 120}, fill: {value: 'transparent'},
        tooltip: {field: 'note'}}}}];
    return spec;
  }

  // Score against cost: [{cost, score, low, high, front, near, label, note}]; a staircase joins the front.
  function cost(cells, {theme, width, description, score, costTitle, lowerIsBetter}) {
    const spec = base(theme, width, 320, description);
    const front = cells.filter(cell => cell.front).sort((a, b) => a.cost - b.cost);
    spec.data = [{name: 'cells', values: cells}, {name: 'front', values: front}];
    const spread = cells.length > 1 && Math.min(...cells.map(cell => cell.cost)) > 0;
    spec.scales = [
      {name: 'x', type: spread ? 'log' : 'linear', domain: {data: 'cells', field: 'cost'}, range: 'width', nice: false, zero: false, padding: 14},
      {name: 'y', type: 'linear', domain: {fields: [{data: 'cells', field: 'score'}]}, range: 'height', zero: false, nice: true, reverse: false}];
    spec.axes = [{orient: 'bottom', scale: 'x', title: costTitle, tickCount: Math.max(2, Math.round(width / 160)), format: '.2~s', labelOverlap: true},
      {orient: 'left', scale: 'y', grid: true, title: score + (lowerIsBetter ? ' (lower is better)' : ''), titleLimit: 260}];
    const place = {x: {scale: 'x', field: 'cost'}, y: {scale: 'y', field: 'score'}};
    spec.marks = [
      {type: 'line', from: {data: 'front'}, encode: {enter: {...place, stroke: {value: theme.good}, interpolate: {value: 'step-after'}, strokeDash: {value: [4, 3]}}}},
      {type: 'symbol', from: {data: 'cells'}, encode: {enter: {...place, size: {value: 65}, stroke: {signal: `datum.front || datum.near ? '${theme.good}' : '${theme.soft}'`},
        strokeWidth: {value: 1.5}, fill: {signal: `datum.front ? '${theme.good}' : 'transparent'`}, tooltip: {field: 'note'}}}}];
    return spec;
  }

  // Each cell as a line through its levels to its score: columns are [{name, levels}] and the score stands last. Lines are paths that
  // are laid out here: thousands of them take Vega a moment, and as many marks of their own points seconds.
  function parallel({columns, cells, score}, {theme, width, description}) {
    const inner = width - 70, height = 300;
    const spec = {...base(theme, inner, height, description), autosize: 'none', padding: {left: 45, right: 25, top: 26, bottom: 8}};
    const names = columns.map(column => column.name).concat([score]);
    const values = cells.map(cell => cell.score);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const x = names.map((_, index) => inner * (index + .35) / (names.length - .3));
    // Where a level stands: by its number where an axis has many, the largest on top as of scores; '-' (does not apply) at the bottom.
    const places = columns.map(({levels, numbers}) => {
      const even = levels.map((_, part) => height * (levels.length - part - .5) / levels.length);
      if (!numbers) return even;
      const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
      const logarithmic = least > 0 && most / least > 30, write = logarithmic ? Math.log : value => value;
      const share = value => (write(value) - write(least)) / (write(most) - write(least) || 1);
      const room = levels.length > numbers.length ? height * .9 : height;
      return levels.map((_, part) => part < numbers.length ? room * (1 - share(numbers[part])) : height);
    });
    const scoreAt = value => high > low ? height * (1 - (value - low) / (high - low)) : height / 2;
    const path = cell => 'M' + [...cell.at.map((level, index) => `${x[index].toFixed(1)},${places[index][level].toFixed(1)}`),
      `${x[columns.length].toFixed(1)},${scoreAt(cell.score).toFixed(1)}`].join('L');
    const ticks = high > low ? [0, .25, .5, .75, 1].map(part => low + part * (high - low)) : [low];
    const few = (list, most) => list.filter((one, index) => index === 0 || index === list.length - 1 || index % Math.ceil(list.length / most) === 0);
    const labels = columns.flatMap((column, index) => few(column.levels.map((level, part) => ({x: x[index], y: places[index][part], text: column.numbers?.[part] === undefined ? level : text(column.numbers[part])}))
      .sort((a, b) => a.y - b.y), 12))
      .concat(ticks.map(value => ({x: x[columns.length], y: scoreAt(value), text: text(value)})));
    const opacity = cells.length > 200 ? .35 : .75;
    spec.data = [{name: 'lines', values: cells.map(cell => ({path: path(cell), score: cell.score, note: cell.note}))},
      {name: 'columns', values: names.map((name, index) => ({name, x: x[index]}))}, {name: 'labels', values: labels}];
    spec.scales = [{name: 'colour', type: 'linear', domain: [low, high > low ? high : low + 1], range: {scheme: 'viridis'}, zero: false}];
    spec.marks = [
      {type: 'rule', from: {data: 'columns'}, encode: {enter: {x: {field: 'x'}, y: {value: 0}, y2: {value: height}, stroke: {value: theme.line}}}},
      {type: 'path', from: {data: 'lines'}, encode: {enter: {path: {field: 'path'}, stroke: {scale: 'colour', field: 'score'}, tooltip: {field: 'note'}},
        update: {strokeWidth: {value: 1.4}, strokeOpacity: {value: opacity}, zindex: {value: 0}},
        hover: {strokeWidth: {value: 4}, strokeOpacity: {value: 1}, zindex: {value: 1}}}},
      {type: 'text', interactive: false, from: {data: 'columns'}, encode: {enter: {x: {field: 'x'}, y: {value: -12}, text: {field: 'name'}, align: {value: 'center'},
        fontSize: {value: 11}, limit: {value: Math.max(50, inner / names.length - 6)}}}},
      {type: 'text', interactive: false, from: {data: 'labels'}, encode: {enter: {x: {field: 'x'}, dx: {value: -4}, y: {field: 'y'}, text: {field: 'text'},
        align: {value: 'right'}, baseline: {value: 'middle'}, fontSize: {value: 10}, fill: {value: theme.ink},
        limit: {value: Math.max(36, inner / names.length - 14)}}}}];
    return spec;
  }

  return {shares, differences, interaction, curves, cost, parallel, text, signed, percent, interval, isNumber, colourOf};
})();
