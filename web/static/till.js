// The till: function keys, scanners that type, and a queue that loses nothing: sent one by one, and again until answered.
"use strict";

(() => {
  const FAST = 35; // ms between a scanner's keys
  const PAUSE = 1000; // ms; a busy machine holds keys back
  const SHORTEST = 6;
  const BEFORE = /^[-?]?(\d+([.,]\d+)?\s*[*x×])?\s*$/;
  const TRACK = /^[%;].*\?$/;
  const WAITING = "till-waiting";

  const dialog = document.getElementById("dlg");
  const entry = document.getElementById("entry");
  const scan = document.getElementById("scan");
  const region = () => document.getElementById("till");
  const swallow = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };
  const editable = (node) => node?.matches?.("input:not([type=checkbox], [type=radio], [type=hidden]), textarea, select");

  // The queue: {url, fields, key} to be sent, or functions that wait their turn.

  const queue = JSON.parse(sessionStorage.getItem(WAITING) ?? "[]");
  let running = true; // until htmx is there

  function keep() {
    sessionStorage.setItem(WAITING, JSON.stringify(queue.filter((task) => typeof task !== "function")));
  }

  function enqueue(task) {
    queue.push(task);
    keep();
    if (!running) run();
  }

  const post = (url, fields) => enqueue({ url, fields, key: window.freshKey() });

  async function run() {
    running = true;
    while (queue.length) {
      const task = queue[0];
      const answer = typeof task === "function" ? task() : await send(task);
      if (answer?.status === 401) { // sent after signing on
        location.assign("/till");
        return;
      }
      queue.shift();
      keep();
      if (answer) await show(answer);
    }
    running = false;
  }

  async function send({ url, fields, key }) {
    for (let tries = 0; ; tries += 1) {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "HX-Request": "true", Accept: "text/html", "Idempotency-Key": key },
        body: new URLSearchParams(fields),
        signal: AbortSignal.timeout(10000),
      }).catch(() => null);
      // 409 after a first try: it still runs.
      if (answer && answer.status !== 503 && !(answer.status === 409 && tries > 0 && tries < 6)) {
        setOnline(true);
        return answer;
      }
      if (!answer || answer.status === 503) setOnline(false);
      await new Promise((go) => { setTimeout(go, Math.min(250 * 2 ** tries, 4000)); });
    }
  }

  async function show(answer) {
    const to = answer.headers.get("HX-Redirect");
    if (to) return void location.assign(to);
    const text = await answer.text();
    if (text.includes('id="till"')) {
      await htmx.swap({ sourceElement: region(), target: region(), text, swap: "outerMorph" });
      const { toast } = JSON.parse(answer.headers.get("HX-Trigger") ?? "{}");
      if (toast) say(toast);
    } else {
      const refused = new DOMParser().parseFromString(text, "text/html").querySelector("[role=alert], h1");
      say({ text: refused?.textContent.trim(), kind: "bad" });
      refresh();
    }
  }

  const say = (toast) => document.dispatchEvent(new CustomEvent("toast", { detail: toast }));

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const fields = Object.fromEntries(new FormData(form, event.submitter));
    if (form === entry) {
      enter(scan.value);
      scan.value = "";
    } else if (form.matches("[data-queue]")) {
      const { quantity } = form.elements;
      delete fields.idempotency_key;
      if (quantity?.value !== quantity?.defaultValue || !quantity) post(form.getAttribute("action"), fields);
      if (quantity) { // Enter changes and submits: once is enough
        quantity.defaultValue = quantity.value;
        quantity.blur();
        toField();
      }
    } else if (form.id === "leave" && queue.length) enqueue(() => form.submit()); // not under the next one's name
    else return;
    swallow(event);
  }, true);

  const choiceOf = (typed) => /^[1-9]$/.test(typed) && region().querySelector(`[data-choice="${typed}"]`);
  function enter(code) {
    const click = () => post(entry.getAttribute("action"), { code });
    if (!code.trim()) later("#till [data-enter]");
    else if (code.length > 1) click();
    else enqueue(() => { (choiceOf(code) || { click }).click(); });
  }

  // Keys wait for a dialog, or its answer, that is on its way; not after a refusal.

  const ahead = [];
  const waits = new Set();

  function later(selector) {
    const wait = {};
    waits.add(wait);
    enqueue(() => {
      document.querySelector(selector)?.click();
      answered(wait);
    });
  }

  function answered(wait, refused) {
    if (refused && waits.has(wait) && ahead.splice(0).length) say({ text: entry.dataset.untaken, kind: "bad" });
    setTimeout(() => waits.delete(wait) && pressAgain()); // a closing dialog gives back the focus first
  }

  function pressAgain() {
    for (let last; !waits.size && ahead.length;) {
      const { key, code = "", shiftKey, timeStamp = 0 } = ahead.shift();
      const event = new KeyboardEvent("keydown", { key, code, shiftKey, bubbles: true, cancelable: true });
      event.at = timeStamp;
      if (document.activeElement.dispatchEvent(event)) actAsBrowser(event, document.activeElement, last);
      last = key;
    }
  }

  function step(all, back) {
    const at = all.indexOf(document.activeElement);
    (back ? all.at(Math.max(at, 0) - 1) : all[(at + 1) % all.length]).focus();
    document.activeElement.select?.();
  }

  function actAsBrowser({ key, shiftKey }, field, last) {
    if (key === "Tab") {
      const all = (dialog.open ? dialog : document).querySelectorAll("a, button, input, select, textarea, summary");
      const stops = [...all].filter((each) => each.checkVisibility() && each.type !== "hidden");
      step(stops, shiftKey);
    } else if (key === "Escape") dialog.close();
    else if (key === "Backspace") document.execCommand("delete");
    else if (key === "Enter" && field === scan && !scan.value && last !== "Escape") return; // pressed twice
    else if (key === "Enter" && !field.matches("a, button, summary")) {
      field.form?.requestSubmit([...field.form.elements].find((each) => each.matches("button:not([type=button])")));
    } else if (!editable(field)) {
      if (key === "Enter" || key === " ") field.click();
    } else if (/^.$/u.test(key)) document.execCommand("insertText", false, key);
  }

  // Input methods and glass have no keys.
  document.addEventListener("beforeinput", (event) => {
    if (!waits.size || event.inputType !== "insertText") return;
    swallow(event);
    for (const key of event.data) ahead.push({ key });
  }, true);
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    const { sourceElement, target } = ctx;
    if (target?.id === "dialog" || (dialog.contains(sourceElement) && !target?.matches("[data-aside]"))) waits.add(ctx);
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => answered(ctx, !(ctx.response?.status < 400)));

  // The field has the focus where nothing else is typed.

  function toField() {
    if (dialog.open || editable(document.activeElement)) return;
    const choice = region().querySelector("[data-choice]");
    if (choice) return void choice.focus();
    if (matchMedia("(pointer: coarse)").matches) scan.inputMode = "none";
    scan.focus({ preventScroll: true });
  }

  scan.addEventListener("pointerdown", () => { scan.inputMode = "text"; });
  document.addEventListener("htmx:after:swap", () => {
    pickTyped();
    region().querySelector(".hot, #h-paid")?.scrollIntoView({ block: "nearest" });
    for (const field of region().querySelectorAll("[data-send]")) { // as it was refused
      if (field !== document.activeElement) field.value = field.defaultValue;
    }
    toField();
  });
  dialog.addEventListener("close", () => setTimeout(() => {
    // Chromium gives the focus back without a caret.
    if (document.activeElement === scan) scan.setSelectionRange(scan.value.length, scan.value.length);
    toField();
  }));

  // What typed points are worth.
  document.addEventListener("input", (event) => {
    const form = event.target.closest("#points form");
    const shown = form?.querySelector("[data-worth]");
    if (!shown) return;
    const rate = form.querySelector("[name=offer]:checked, input[type=hidden][name=offer]").dataset;
    const parts = form.querySelector("[data-points]").value.replace(",", ".") * rate.scale;
    const minor = Math.floor((parts * rate.worthMinor) / rate.worthPoints);
    const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: shown.dataset.currency });
    shown.textContent = minor > 0 ? money.format(minor / 100) : "\u00a0";
  });

  // What a scanner types: as it arrived, and as on the American keyboard that it takes for ours.

  const AMERICAN = {
    Semicolon: ";:", Equal: "=+", Slash: "/?", Minus: "-_", Period: ".>", Comma: ",<", Quote: "'\"", Space: "  ",
    Backslash: "\\|", BracketLeft: "[{", BracketRight: "]}", Backquote: "`~",
  };

  function american({ code, key, shiftKey }) {
    const [, kind, sign] = /^(Key|Digit)(.)$/.exec(code) ?? [];
    if (kind === "Key") return shiftKey ? sign : sign.toLowerCase();
    if (kind) return shiftKey ? ")!@#$%^&*("[sign] : sign;
    return AMERICAN[code]?.[+shiftKey] ?? (key.length === 1 ? key : "");
  }

  let burst;
  const begin = (typed, last) => { burst = { typed, keys: typed, fast: 0, last, was: "" }; };
  const noBurst = () => begin("", -Infinity);
  begin(scan.value, performance.now()); // no scanner waits for scripts

  function read({ typed, keys }) {
    if (/^\d+$/.test(typed) || TRACK.test(typed)) return typed;
    if ((/^\d+$/.test(keys) && !/\d/.test(typed)) || TRACK.test(keys)) return keys;
    return /^[\x20-\x7e]+$/.test(typed) && typed.length === keys.length ? typed : keys;
  }

  const GTIN = /^(\d{8}|\d{12,14})$/; // cards have longer numbers, or are typed

  // Some type as fast: what a dialog's field can hold stays in it.
  function holds(field, code) {
    if (!editable(field) || field.matches("[data-scan]")) return false;
    if (!/^(text|tel|email)$/.test(field.type)) return field.type !== "date" || code.length <= 8; // a whole date
    if (field.inputMode) return /^[\d.,]{1,7}$/.test(code);
    if (/\D/.test(code)) return !TRACK.test(code);
    if (field.type === "tel") return /^0|^\d{9,10}$/.test(code) || code.startsWith(field.dataset.calls);
    return !field.matches("[type=email], [data-words]");
  }

  function endBurst(event, at) {
    const done = burst;
    noBurst();
    const size = done.keys.length;
    if (size < SHORTEST || done.fast * 2 < size || at - done.last >= PAUSE) return;
    const code = read(done);
    const field = document.activeElement;
    const zone = field.matches("[data-zone]") && /[<;>.]/.test(field.value);
    if (dialog.open && !zone && holds(field, code)) return;
    swallow(event); // so that Enter presses nothing
    const before = editable(field) ? done.was : null;
    if (zone) {
      field.dispatchEvent(new Event("change", { bubbles: true }));
      return;
    }
    if (field === scan) scan.value = "";
    else if (before !== null) field.value = before;
    if (!dialog.open) {
      enter(field === scan && BEFORE.test(before) ? before + code : code);
      return;
    }
    const card = dialog.querySelector("[data-scan]");
    if (card && !(card.dataset.scan === "unless-item" && GTIN.test(code))) {
      card.value = code;
      if (card.dataset.scan) card.focus();
      return;
    }
    dialog.close();
    enter(code);
  }

  function press(event) {
    const selector = `[data-key="${event.shiftKey ? "Shift+" : ""}${event.key}"]`;
    noBurst();
    if (!running && !document.querySelector(selector)) return;
    event.preventDefault();
    if (dialog.open) dialog.querySelector(selector)?.click();
    else later(selector);
  }

  document.addEventListener("keydown", (event) => {
    const { key } = event;
    if (event.isComposing || ["Shift", "CapsLock", "AltGraph"].includes(key)) return;
    if (waits.size && event.isTrusted && !event.ctrlKey && !event.metaKey) {
      ahead.push(event);
      swallow(event);
      return;
    }
    const at = event.at ?? event.timeStamp;
    if (/^F\d+$/.test(key)) return void press(event);
    if (key === "Enter" || key === "Tab") {
      endBurst(event, at);
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) {
      noBurst();
      return;
    }
    if (key.length === 1 || key === "Dead") {
      const gap = at - burst.last;
      if (gap >= PAUSE) noBurst();
      if (!burst.keys) burst.was = document.activeElement.value ?? null;
      if (gap < FAST) burst.fast += 1;
      burst.typed += key === "Dead" ? "" : key;
      burst.keys += american(event);
      burst.last = at;
      const pressesButton = key === " " && document.activeElement?.matches("button, a, summary");
      if (!dialog.open && !editable(document.activeElement) && !pressesButton) scan.focus();
      return;
    }
    noBurst();
    if (key === "Escape" && !dialog.open) clear();
    if (key === "ArrowDown" || key === "ArrowUp") walk(event);
  }, true);

  function clear() {
    scan.value = "";
    scan.focus();
    if (region().querySelector(".said, #choices")) enqueue(refresh);
  }

  function refresh() {
    htmx.ajax("GET", "/till", { target: region(), swap: "outerMorph" });
  }

  // Arrows walk through choices and quantities, a number picks, be it typed before they came.

  function walk(event) {
    if (editable(document.activeElement) && dialog.open) return;
    const all = (each) => [...(dialog.open ? dialog : region()).querySelectorAll(`[data-${each}]`)];
    const choices = all("choice").length ? all("choice") : all("send");
    if (!choices.length) return;
    step(choices, event.key === "ArrowUp");
    event.preventDefault();
  }

  function pickTyped() {
    const { value } = scan, choice = choiceOf(value);
    setTimeout(() => {
      if (scan.value !== value || !choice?.isConnected) return;
      scan.value = "";
      choice.click();
    }, 250);
  }

  scan.addEventListener("input", pickTyped);

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-find]")) {
      scan.inputMode = "text";
      scan.focus();
      scan.select();
    }
    if (event.target.closest("[data-clear]")) {
      swallow(event);
      clear();
    }
  });

  const net = document.getElementById("net");

  function setOnline(online) {
    net.classList.toggle("off", !online);
    net.lastElementChild.textContent = online ? net.dataset.online : `${net.dataset.offline} (${queue.length})`;
    if (online) return;
    waits.clear(); // scans wait in the queue
    pressAgain();
  }

  window.addEventListener("offline", () => setOnline(false));
  window.addEventListener("online", () => setOnline(true));

  const clock = document.querySelector(".clock");

  function tick() {
    const zone = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: clock.dataset.zone };
    clock.textContent = new Date().toLocaleTimeString(document.documentElement.lang, zone);
  }

  tick();
  setInterval(tick, 10000);

  setTimeout(run);
  toField();
})();
