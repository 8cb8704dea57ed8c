"use strict";
(function () {
const api = JSON.parse(document.getElementById("api").textContent);
const $ = (id) => document.getElementById(id);
// Events on the page, and milliseconds before the first and the longest wait for a stream that was refused.
const most = 500, soon = 2000, late = 30000;
let source = null, retry = 0, wait = soon, lastId = "", isPaused = false, waiting = [], total = 0, skipped = 0, isDrawing = false;

{% include "elements.js" %}

// Channels

const named = () => [...new Set($("channels").value.split(",").map((each) => each.trim()).filter(Boolean))];

function setChannels(names) {
  $("channels").value = names.join(", ");
  showChosen();
}

function showChosen() {
  const chosen = named();
  for (const each of $("suggestions").querySelectorAll("button")) each.setAttribute("aria-pressed", String(chosen.includes(each.dataset.channel)));
}

function toggle(name) {
  const chosen = named();
  setChannels(chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name]);
  if (source || retry) connect();
}

// The newest records of each kind that has a channel, as buttons.
async function suggest(kind) {
  let rows = [];
  try {
    const answer = await fetch(api.root + kind.list, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) return [];
    const value = await answer.json();
    rows = Array.isArray(value) ? value : Object.values(value).find(Array.isArray) || [];
  } catch { return []; }
  return rows.slice(0, 6).map((row) => {
    const id = memberNamed(row, kind.key), name = kind.names.map((each) => memberNamed(row, each)).find(Boolean) || id;
    return { channel: kind.before + id + kind.after, label: kind.noun + ": " + String(name).slice(0, 40) };
  });
}

async function suggestAll() {
  const found = await Promise.all(api.channels.map(suggest));
  $("suggestions").replaceChildren(...found.flat().map((each) => {
    const button = element("button", { type: "button", "data-channel": each.channel, title: each.channel, "aria-pressed": "false" }, each.label);
    button.addEventListener("click", () => toggle(each.channel));
    return button;
  }));
  $("suggestions").hidden = !found.flat().length;
  // With one account, its channel is what most people want.
  if (!$("channels").value && found.length && found[0].length === 1) setChannels([found[0][0].channel]);
  showChosen();
}

// The connection

function show(text, kind) {
  $("state").textContent = text;
  $("state").className = kind || "";
  $("disconnect").disabled = !source && !retry;
  $("connect").textContent = source || retry ? "Connect again" : "Connect";
}

function close() {
  if (source) source.close();
  clearTimeout(retry);
  source = null;
  retry = 0;
}

function connect() {
  close();
  const channels = named(), hash = channels.length ? "#" + channels.map(encodeURIComponent).join(",") : "";
  if (location.hash !== hash) history.replaceState(null, "", location.pathname + location.search + hash);
  if ($("sign-in")) $("sign-in").hidden = true;
  const query = [channels.length ? "channels=" + channels.map(encodeURIComponent).join(",") : "", lastId ? "lastEventId=" + lastId : ""].filter(Boolean).join("&");
  const stream = api.root + "/event-stream" + (query ? "?" + query : "");
  const opened = source = new EventSource(stream);
  show("Connecting…");
  opened.onmessage = (event) => { if (source === opened) receive(event); };
  opened.onerror = () => {
    if (source !== opened) return;
    // The browser connects again by itself, unless the response was not a stream.
    if (opened.readyState === EventSource.CLOSED) refused(stream);
    else show("Connecting again…", "bad");
  };
}

// An EventSource does not say why it was refused; the same address without a stream does.
async function refused(stream) {
  close();
  let status = 0;
  try { status = (await fetch(stream, { method: "HEAD", credentials: "same-origin", cache: "no-store" })).status; } catch { /* no response */ }
  if (source || retry) return;
  if (status === 401) {
    if ($("sign-in")) { $("sign-in").hidden = false; $("sign-in").href = api.root + "/login?redirect=" + encodeURIComponent(location.pathname + location.hash); }
    return show("Only a caller who is signed in gets events.", "bad");
  }
  if (status === 403) return show("You may not listen to events.", "bad");
  if (status === 400) return show("A name is not that of a channel.", "bad");
  retry = setTimeout(connect, wait);
  show("The server does not take the connection" + (status >= 400 ? " (" + status + ")" : "") + ". Next attempt in " + wait / 1000 + " s.", "bad");
  wait = Math.min(wait * 2, late);
}

function disconnect() {
  close();
  show("Not connected");
}

function receive(event) {
  lastId = event.lastEventId || lastId;
  const [head, ...rest] = event.data.split(" "), body = rest.join(" "), at = head.lastIndexOf("@");
  const selector = head.slice(at + 1), channel = at < 0 ? "" : head.slice(0, at);
  if (selector === "cmd.onConnect") {
    wait = soon;
    let who = "";
    try { who = JSON.parse(body).displayName || ""; } catch { /* not JSON */ }
    return show("Connected" + (who ? " as " + who : ""), "good");
  }
  if (selector === "cmd.onHeartbeat" || (selector.startsWith("cmd.") && !$("presence").checked)) return;
  total += 1;
  waiting.push({ at: new Date(), id: event.lastEventId, selector, channel, body });
  if (waiting.length > most) { waiting.shift(); skipped += isPaused ? 1 : 0; }
  draw();
}

// The list. What arrives between two frames is drawn at once.

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    if (!isPaused && waiting.length) {
      $("list").prepend(...waiting.map(item).reverse());
      waiting = [];
      while ($("list").children.length > most) $("list").lastChild.remove();
    }
    count();
  });
}

function count() {
  const shown = $("list").children.length, events = (number) => number.toLocaleString("en") + (number === 1 ? " event" : " events");
  const parts = [total ? events(total) : "No events yet"];
  if (shown < total && shown === most) parts.push("the newest " + shown + " are shown");
  if (isPaused && waiting.length) parts.push(waiting.length + " wait" + (waiting.length === 1 ? "s" : "") + (skipped ? ", " + skipped.toLocaleString("en") + " older ones are gone" : ""));
  $("count").textContent = parts.join(", ");
}

function item(each) {
  const time = element("time", { datetime: each.at.toISOString(), title: each.at.toISOString() }, each.at.toTimeString().slice(0, 8) + "." + String(each.at.getMilliseconds()).padStart(3, "0"));
  const kind = /\.(created|joined|arrived|onJoin)$/.test(each.selector) ? " post" : /\.(ended|left|deleted|onLeave)$/.test(each.selector) ? " delete" : "";
  const head = element("summary", {}, time, " ", element("span", { class: "selector" + kind }, each.selector), " ", nameIn(each.body), " ", element("span", { class: "mute" }, each.channel || "no channel"));
  const folded = element("details", { "data-id": each.id }, head);
  // A long list has the text of an event in its tree only after a reader opened it.
  folded.addEventListener("toggle", () => { if (folded.open && folded.children.length === 1) folded.append(element("pre", { role: "region", tabindex: "0", "aria-label": each.selector }, ...pretty(each.body))); });
  return element("li", {}, folded);
}

// What people call the record of an event.
function nameIn(body) {
  let value = null;
  try { value = JSON.parse(body); } catch { return ""; }
  const found = ["displayName", "name", "title", "subject", "text", "number"].map((each) => memberNamed(value, each)).find(Boolean);
  return typeof found === "string" ? found.slice(0, 80) : typeof found === "number" ? String(found) : "";
}

function pretty(body) {
  if (!body) return ["No body."];
  try { return coloured(JSON.stringify(JSON.parse(body), null, 2)); } catch { return [body]; }
}

function pause() {
  isPaused = !isPaused;
  skipped = 0;
  $("pause").setAttribute("aria-pressed", String(isPaused));
  $("pause").textContent = isPaused ? "Go on" : "Pause";
  draw();
}

function clear() {
  $("list").replaceChildren();
  waiting = [];
  total = skipped = 0;
  count();
}

function fromHash() {
  const names = location.hash.slice(1).split(",").map((each) => { try { return decodeURIComponent(each); } catch { return each; } }).filter(Boolean);
  if (!names.length) return;
  setChannels(names);
  connect();
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); wait = soon; connect(); });
$("disconnect").addEventListener("click", disconnect);
$("channels").addEventListener("input", showChosen);
$("pause").addEventListener("click", pause);
$("clear").addEventListener("click", clear);
addEventListener("hashchange", fromHash);
$("events").hidden = false;
fromHash();
suggestAll();
})();
