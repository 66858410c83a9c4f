// The subgroup explorer: reads estimates with their texts from the page, and draws what is chosen.
// It rounds nothing and loads nothing: every shown number is a text that the report wrote.
(() => {
  "use strict";
  const root = document.querySelector("[data-explorer]");
  if (!root) return;
  const data = JSON.parse(document.getElementById(root.dataset.explorer).textContent);
  const form = root.querySelector("form");
  const part = name => root.querySelector(`[data-part="${name}"]`);
  const word = name => root.querySelector(`[data-word="${name}"]`).content.textContent.trim();
  const NO_CELL = [null, null, null, "—"];
  const SHAPES = ["circle", "square", "diamond", "up", "down", "plus"];
  const MOST_LINES = 6;
  const MOST_PAIRS = 36; // differences of nine groups; more are shown when fewer groups are chosen
  const STACKED = 560; // pixels; a narrower drawing puts the texts above the marks

  // Elements ---------------------------------------------------------------------------------------------
  const NS = "http://www.w3.org/2000/svg";
  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value !== undefined && value !== "") node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };
  const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) => fill(document.createElementNS(NS, tag), attributes, children);
  const isolated = text => html("bdi", {}, text);

  const pen = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(document.body).fontFamily;
  const measure = (text, size, weight = 400) => {
    pen.font = `${weight} ${size}px ${family}`;
    return pen.measureText(text.slice(0, 400)).width;
  };
  const shortened = (text, room, size, weight) => {
    if (measure(text, size, weight) <= room) return text;
    let low = 0, high = Math.min(text.length, 400);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (measure(`${text.slice(0, middle)}…`, size, weight) <= room) low = middle;
      else high = middle - 1;
    }
    return `${text.slice(0, low).trimEnd()}…`;
  };
  const label = (x, y, text, { size = 12, colour = "ink", anchor, bold, room } = {}) =>
    svg("text", {
      x, y, "font-size": `${size}px`, "text-anchor": anchor, "font-weight": bold ? 700 : undefined,
      class: `fg-${colour}-fill`,
    }, room ? shortened(text, room, size, bold ? 700 : 400) : text);
  const line = (x1, y1, x2, y2, colour, { width = 1, dashes } = {}) =>
    svg("line", {
      x1, y1, x2, y2, "stroke-width": width, "stroke-dasharray": dashes, class: `fg-${colour}-stroke`,
    });
  const path = (d, classes, width) => svg("path", { d, class: classes, "stroke-width": width, fill: "none" });
  const marker = (x, y, shape, colour, r = 4.5) => {
    const classes = `fg-${colour}-fill fg-${colour}-stroke`;
    if (shape === "circle") return svg("circle", { cx: x, cy: y, r, class: classes });
    const q = r / 3;
    const outline = {
      square: `M${x - r},${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
      diamond: `M${x},${y - 1.3 * r}l${1.3 * r},${1.3 * r}l${-1.3 * r},${1.3 * r}l${-1.3 * r},${-1.3 * r}z`,
      up: `M${x},${y - r}l${r},${2 * r}h${-2 * r}z`,
      down: `M${x},${y + r}l${r},${-2 * r}h${-2 * r}z`,
      plus: `M${x - q},${y - r}h${2 * q}v${r - q}h${r - q}v${2 * q}h${q - r}v${r - q}h${-2 * q}v${q - r}h${q - r}` +
        `v${-2 * q}h${r - q}z`,
    }[shape];
    return svg("path", { d: outline, class: classes });
  };
  const drawing = (id, width, height, title, description) =>
    svg("svg", {
      viewBox: `0 0 ${width} ${height}`, width, height, role: "img", class: "figure",
      "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-desc`, "font-family": family,
    }, svg("title", { id: `${id}-title` }, title), svg("desc", { id: `${id}-desc` }, description));
  const corner = (sheet, width, height) => {
    const note = root.dataset.note;
    if (note) sheet.append(label(width - 1, height - 5, note, { size: 11, colour: "muted", anchor: "end", bold: true }));
  };

  // What is chosen -----------------------------------------------------------------------------------------
  const chosen = () => Object.fromEntries(new FormData(form));
  const HASH = "#explore?";
  const defaults = (form.reset(), chosen());
  const write = () => {
    const state = chosen();
    const changed = Object.entries(state).filter(([name, value]) => value !== defaults[name]);
    const hash = changed.length ? HASH + new URLSearchParams(changed) : "#explore";
    if (changed.length || location.hash.startsWith(HASH)) history.replaceState(null, "", hash);
  };
  const read = () => {
    if (!location.hash.startsWith(HASH)) return false;
    const state = { ...defaults, ...Object.fromEntries(new URLSearchParams(location.hash.slice(HASH.length))) };
    for (const field of form.elements) {
      if (field.type === "radio") field.checked = field.value === state[field.name];
      else if (field.options && [...field.options].some(option => option.value === state[field.name])) {
        field.value = state[field.name];
      }
    }
    return true;
  };

  // What there is for it -------------------------------------------------------------------------------------
  const visitAt = name => data.visits.findIndex(visit => visit.name === name);
  const source = (series, visit, cell, unit) => {
    const id = typeof cell[5] === "number" ? `${series}/${data.visits[visit].name}/${data.ends[cell[5]]}` : cell[5];
    return [cell[0] === null ? "" : `${cell[0]}${unit ? ` ${unit}` : ""}`, id].filter(Boolean).join(" · ");
  };
  const select = () => {
    const state = chosen();
    const scales = data.outcomes[state.outcome].scales;
    const scale = scales[state.scale] ?? Object.values(scales)[0];
    const wanted = data.factors.map(factor => state[factor.name] ?? "");
    const inDivision = group => group.levels.every((at, i) => (at === null) === (wanted[i] === ""));
    const atLevel = group => group.levels.every((at, i) => ["", "*", data.factors[i].levels[at]].includes(wanted[i]));
    const groups = data.groups.map((group, index) => ({ ...group, index }));
    const divided = wanted.some(Boolean);
    const members = divided ? groups.filter(group => inDivision(group) && atLevel(group)) : [];
    const all = groups.find(group => group.levels.every(at => at === null));
    const ids = new Set(members.map(group => group.index));
    const compared = (scale.differences?.pairs ?? []).filter(pair => pair.groups.every(index => ids.has(index)));
    const pairs = compared.length <= MOST_PAIRS ? compared : [];
    return { state, scales, scale, members, all, pairs, compared, divided, visit: visitAt(state.visit) };
  };
  const look = (group, members) => {
    const at = members.indexOf(group);
    if (at < 0) return ["ink", "diamond"];
    return members.length > MOST_LINES ? ["s1", "circle"] : [`s${at + 1}`, SHAPES[at]];
  };
  const rowsOf = ({ scale, members, all, pairs, visit }) => {
    const shown = [];
    if (pairs.length) {
      shown.push({ heading: word("differences") });
      for (const pair of pairs) {
        const cell = pair.changes[visit] || NO_CELL;
        shown.push({ name: pair.label, cell, series: scale.differences.id, colour: "muted", shape: "square" });
      }
    }
    if (pairs.length) shown.push({ heading: word("within") });
    for (const group of [all, ...members].filter(Boolean)) {
      const [colour, shape] = look(group, members);
      const cell = scale.changes[group.index][visit] || NO_CELL;
      shown.push({ name: group.label, cell, series: scale.id, colour, shape, overall: group === all });
    }
    return shown;
  };

  // The forest: one row a group ----------------------------------------------------------------------------
  const forest = (rows, { scale, visit }, width) => {
    const stacked = width < STACKED;
    const lines = rows.filter(row => !row.heading);
    const widest = (texts, most) => Math.min(Math.max(0, ...texts.map(text => measure(text, 12, 700))), most);
    const names = widest(lines.map(row => row.name), width * 0.34);
    const texts = widest([...lines.map(row => row.cell[3]), scale.estimate], 220);
    const n = names + 52;
    const [left, right] = stacked ? [12, width - 12] : [n + 20, width - texts - 20];
    const high = row => (row.heading ? 30 : stacked ? 58 : 28);
    const top = stacked ? 4 : 26;
    const bottom = top + rows.reduce((sum, row) => sum + high(row), 0);
    const height = bottom + 46 + (root.dataset.note ? 18 : 0);
    const x = value => left + (value - scale.axis.low) / (scale.axis.high - scale.axis.low) * (right - left);
    const sheet = drawing("explorer-forest", width, height, scale.title[visit], word("described"));
    if (!stacked) {
      sheet.append(
        label(n, 14, "n", { size: 11, colour: "muted", anchor: "end" }),
        label(width, 14, scale.estimate, { size: 11, colour: "muted", anchor: "end" }));
    }
    let y = top;
    for (const row of rows) {
      const middle = y + (stacked && !row.heading ? 40 : high(row) / 2);
      if (row.heading) sheet.append(label(0, middle + 6, row.heading, { bold: true, room: width }));
      else {
        sheet.append(line(x(0), y, x(0), y + high(row), "muted", { dashes: "3,3" }), ...forestRow(row));
      }
      y += high(row);

      function forestRow({ name, cell, colour, shape, overall }) {
        const above = y + 16;
        const drawn = stacked
          ? [label(0, above, name, { bold: overall, room: width - measure(cell[3], 12) - 16 }),
             label(width, above, cell[3], { anchor: "end", bold: overall })]
          : [label(0, middle + 4, name, { bold: overall, room: names + 4 }),
             label(n, middle + 4, cell[4] ?? "", { colour: "muted", anchor: "end" }),
             label(width, middle + 4, cell[3], { anchor: "end", bold: overall })];
        return [...drawn, ...interval(cell, middle, colour, shape)];
      }
    }
    function interval([estimate, low, high], middle, colour, shape) {
      if (estimate === null) return [];
      const drawn = [];
      if (low !== null && high !== null) {
        const ends = [low, high].map(value => Math.min(Math.max(x(value), left), right));
        let d = `M${ends[0]},${middle}H${ends[1]}`;
        [low, high].forEach((value, at) => {
          const way = at ? 1 : -1;
          const beyond = at ? x(value) > right + 0.5 : x(value) < left - 0.5;
          d += beyond ? `M${ends[at] - 5 * way},${middle - 4}L${ends[at]},${middle}L${ends[at] - 5 * way},${middle + 4}`
            : `M${ends[at]},${middle - 4}v8`;
        });
        drawn.push(path(d, `fg-${colour}-stroke`, 1.8));
      }
      return [...drawn, marker(x(estimate), middle, shape, colour)];
    }
    sheet.append(line(left, bottom + 4, right, bottom + 4, "muted"));
    for (const [value, text] of scale.axis.ticks) {
      sheet.append(line(x(value), bottom + 4, x(value), bottom + 8, "muted"),
        label(x(value), bottom + 20, text, { size: 11, colour: "muted", anchor: "middle" }));
    }
    const centre = (left + right) / 2;
    sheet.append(label(centre, bottom + 38, scale.label[visit],
      { size: 11, anchor: "middle", room: 2 * Math.min(centre, width - centre) }));
    corner(sheet, width, height);
    return sheet;
  };

  // Over time: all groups in one panel, or a panel each when they are many -----------------------------------
  const overTime = ({ scale, members, all, visit }, width) => {
    const { changes, axis } = scale.means ?? scale;
    const lines = [all, ...members].filter(Boolean).map(group => {
      const [colour, shape] = look(group, members);
      return { name: group.label, cells: changes[group.index], colour, shape };
    });
    const many = members.length > MOST_LINES;
    const panels = many ? lines.map((own, at) => ({ title: own.name, lines: at ? [lines[0], own] : [own] }))
      : [{ title: "", lines }];
    const columns = many ? Math.max(1, Math.floor(width / 230)) : 1;
    const wide = (width - 20 * (columns - 1)) / columns;
    const tall = many ? 190 : Math.min(330, 200 + width / 8);
    const height = Math.ceil(panels.length / columns) * tall + (root.dataset.note ? 18 : 0);
    const title = scale.means ? scale.means.title : scale.over_time;
    const sheet = drawing("explorer-time", width, height, title, word("described"));
    panels.forEach((panel, at) => sheet.append(
      ...panelOf(panel, (at % columns) * (wide + 20), Math.floor(at / columns) * tall, wide, tall)));
    corner(sheet, width, height);
    return sheet;

    function panelOf({ title, lines }, left, top, wide, tall) {
      const drawn = title ? [label(left, top + 16, title, { bold: true, room: wide })] : [];
      const start = left + 12 + Math.max(...axis.ticks.map(([, text]) => measure(text, 11)));
      const [low, high] = [top + tall - 34, top + (title ? 30 : 12)];
      const stop = left + wide - 8;
      const times = data.visits.map(item => item.at);
      const [first, last] = [Math.min(...times), Math.max(...times)];
      const x = time => start + 24 + (time - first) / (last - first || 1) * (stop - start - 48);
      const y = value => low + (value - axis.low) / (axis.high - axis.low) * (high - low);
      drawn.push(line(x(data.visits[visit].at), high, x(data.visits[visit].at), low, "wash", { width: 26 }));
      for (const [value, text] of axis.ticks) {
        drawn.push(line(start, y(value), stop, y(value), "rule"),
          label(start - 6, y(value) + 4, text, { size: 11, colour: "muted", anchor: "end" }));
      }
      if (axis.null !== null) drawn.push(line(start, y(axis.null), stop, y(axis.null), "muted", { dashes: "3,3" }));
      const room = (stop - start) / data.visits.length;
      for (const item of data.visits) {
        drawn.push(label(x(item.at), low + 20, item.label, { size: 11, colour: "muted", anchor: "middle", room }));
      }
      lines.forEach((own, index) => {
        const aside = (index - (lines.length - 1) / 2) * (title ? 0 : 5);
        const behind = title && index === 0 && lines.length > 1;
        const seen = own.cells.map((cell, i) => [x(data.visits[i].at) + aside, cell])
          .filter(([, cell]) => cell && cell[0] !== null);
        const points = seen.map(([px, cell]) => `${px},${y(cell[0])}`).join("L");
        if (seen.length > 1) {
          const track = path(`M${points}`, `fg-${behind ? "muted" : own.colour}-stroke`, behind ? 1.2 : 2);
          if (behind || own.colour === "ink") track.setAttribute("stroke-dasharray", "5,3");
          drawn.push(track);
        }
        if (behind) return;
        for (const [px, cell] of seen) {
          if (cell[1] !== null && cell[2] !== null) {
            const [to, from] = [cell[2], cell[1]].map(value => Math.min(Math.max(y(value), high), low));
            drawn.push(path(`M${px},${from}V${to}M${px - 3},${from}h6M${px - 3},${to}h6`, `fg-${own.colour}-stroke`, 1.5));
          }
          drawn.push(marker(px, y(cell[0]), own.shape, own.colour, 4));
        }
      });
      return drawn;
    }
  };
  const legend = ({ members, all }) => {
    if (!members.length || members.length > MOST_LINES) return [];
    return [all, ...members].filter(Boolean).map(group => {
      const [colour, shape] = look(group, members);
      const symbol = svg("svg", { width: 16, height: 14, viewBox: "0 0 16 14", "aria-hidden": "true" },
        marker(8, 7, shape, colour, 4.5));
      return html("li", {}, symbol, isolated(group.label));
    });
  };

  // The same in tables -------------------------------------------------------------------------------------
  const value = (series, visit, cell, unit, notes) => {
    const [estimate, interval] = cell[3].split(/ \((.*)\)$/);
    const shown = html("td", { class: "numeric" },
      html("data", { value: cell[0] ?? "", title: source(series, visit, cell, unit) }, estimate));
    if (cell[6] !== undefined) {
      if (!notes.includes(cell[6])) notes.push(cell[6]);
      shown.append(html("sup", {}, String.fromCharCode(97 + notes.indexOf(cell[6]) % 26)));
    }
    if (interval) shown.append(html("span", { class: "detail" }, interval));
    return shown;
  };
  const table = (name, title, columns, rows, notes) => {
    const head = columns.map((text, at) => html("th", { scope: "col", class: at ? "numeric" : "" }, isolated(text)));
    part(`${name}-caption`).replaceChildren(isolated(title));
    part(`${name}-head`).replaceChildren(html("tr", {}, ...head));
    part(`${name}-body`).replaceChildren(...rows);
    part(`${name}-notes`).replaceChildren(...notes.map((note, at) =>
      html("p", {}, html("sup", {}, String.fromCharCode(97 + at % 26)), " ", isolated(`${data.notes[note]}.`))));
  };
  const rowHeader = text => html("th", { scope: "row" }, isolated(text));
  const forestTable = (rows, { scale, visit }) => {
    const notes = [];
    const shown = rows.map(row => row.heading
      ? html("tr", { class: "group" }, html("th", { scope: "rowgroup", colspan: 3 }, row.heading))
      : html("tr", { class: row.overall ? "overall" : "" }, rowHeader(row.name),
        html("td", { class: "numeric" }, row.cell[4] || "—"),
        value(row.series, visit, row.cell, scale.unit, notes)));
    table("forest", scale.title[visit], [word("children"), "n", scale.estimate], shown, notes);
  };
  const timeTable = ({ scale, members, all }) => {
    const notes = [];
    const { changes, id } = scale.means ?? scale;
    const visits = data.visits.map((_, at) => at).filter(at => changes.some(cells => cells[at]));
    const shown = [all, ...members].filter(Boolean).map(group =>
      html("tr", { class: group === all ? "overall" : "" }, rowHeader(group.label),
        ...visits.map(at => value(id, at, changes[group.index][at] || NO_CELL, scale.unit, notes))));
    const columns = [word("children"), ...visits.map(at => data.visits[at].label)];
    table("time", scale.means ? scale.means.title : scale.over_time, columns, shown, notes);
  };

  // All together -------------------------------------------------------------------------------------------
  const offer = ({ scales, state }) => {
    for (const radio of form.querySelectorAll("[name=scale]")) {
      radio.disabled = !(radio.value in scales);
      if (radio.disabled && radio.checked) form.querySelector(`[name=scale][value=${Object.keys(scales)[0]}]`).checked = true;
    }
    return chosen().scale !== state.scale;
  };
  const say = ({ scale, members, pairs, compared, divided, visit }, rows) => {
    const count = rows.filter(row => !row.heading).length;
    const missing = divided && !members.length;
    part("status").textContent = missing ? word("nothing") : `${scale.title[visit]}. ${word("rows").replace("#", count)}`;
    part("status").classList.toggle("missing", missing);
    const more = compared.length > pairs.length ? word("fewer") : "";
    part("division").textContent = [members[0]?.division, more].filter(Boolean).join(" ");
  };
  const draw = () => {
    let selection = select();
    if (offer(selection)) selection = select();
    const rows = rowsOf(selection);
    const width = Math.max(260, Math.floor(part("forest").clientWidth));
    part("forest").replaceChildren(forest(rows, selection, width));
    part("time").replaceChildren(overTime(selection, width));
    part("legend").replaceChildren(...legend(selection));
    forestTable(rows, selection);
    timeTable(selection);
    say(selection, rows);
  };

  root.hidden = false;
  for (const note of document.querySelectorAll(".no-script")) note.hidden = true;
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("change", () => { draw(); write(); });
  form.addEventListener("reset", () => setTimeout(() => { draw(); write(); }));
  const follow = () => {
    if (!read()) return;
    draw();
    document.getElementById("explore").scrollIntoView();
  };
  addEventListener("hashchange", follow);
  let drawn = 0;
  new ResizeObserver(() => {
    const width = part("forest").clientWidth;
    if (Math.abs(width - drawn) > 1) { drawn = width; draw(); }
  }).observe(part("forest"));
  drawn = part("forest").clientWidth;
  draw();
  follow();
})();
